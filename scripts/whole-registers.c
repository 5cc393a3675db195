/* For fat32-machine: user-mode Linux knows no registers as large as those of AMX, and sets too few bytes of them,
 * which the system refuses. Preloaded, this sets all of them: what it does not know stays as it is. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

long ptrace(enum __ptrace_request request, ...) {
  va_list words;
  va_start(words, request);
  pid_t pid = va_arg(words, pid_t);
  void *address = va_arg(words, void *), *data = va_arg(words, void *);
  va_end(words);
  if (request == PTRACE_SETREGSET) {
    static char whole[1 << 16];
    struct iovec all = {whole, sizeof whole}, *given = data;
    if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, address, &all) < 0) return -1;
    memcpy(whole, given->iov_base, given->iov_len);
    return syscall(SYS_ptrace, request, pid, address, &all);
  }
  if (request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER) {
    long word;
    long result = syscall(SYS_ptrace, request, pid, address, &word);
    return result < 0 ? result : word;
  }
  return syscall(SYS_ptrace, request, pid, address, data);
}
