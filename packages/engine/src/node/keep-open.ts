import { spawn } from 'node:child_process';

/**
 * Lets a small process hold a descriptor as long as this one lives. Whoever closes a device last waits for the
 * reads that the kernel itself began ahead, and a process that ends closes what it has: with somebody else behind
 * it, the end of this process waits for nothing.
 * @returns ends that process
 */
export function keepOpen(fd: number): () => void {
  // It ends when the pipe that is its standard input does. Where there is no `cat`, the end waits for the disk.
  const keeper = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore', fd], detached: true });
  keeper.on('error', () => {});
  keeper.unref();
  return () => {
    if (keeper.pid !== undefined) keeper.kill('SIGKILL');
    keeper.stdin?.destroy();
  };
}
