/** The process that reads: one for all descriptors that come one after the other. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants as osConstants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
// As built: the process is a file beside it.
import { DirectReads } from '../../dist/node/direct-reads.js';
import { alignedBuffer } from '../../src/node/aligned-memory.ts';
import { ORDER_SIZE, proofOf, TAKE } from '../../src/node/direct-reads.ts';
import { scratchFolder } from './scratch.ts';

const SIZE = 4096;
const into = alignedBuffer(SIZE);

function missingHere(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  const path = join(tmpdir(), `rescue-direct-${process.pid}`);
  writeFileSync(path, '');
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_DIRECT));
    return undefined;
  } catch {
    return `needs direct reads in ${tmpdir()}`;
  } finally {
    rmSync(path);
  }
}

/** A file of one byte again and again. */
function fileOf(byte: number): string {
  const path = join(scratchFolder(), `${byte}`);
  writeFileSync(path, Buffer.alloc(2 * SIZE, byte));
  return path;
}

function opened(path: string, flags: number = constants.O_DIRECT): number {
  const fd = openSync(path, constants.O_RDONLY | flags);
  onTestFinished(() => closeSync(fd));
  return fd;
}

function directReads(): DirectReads {
  const reads = new DirectReads();
  onTestFinished(async () => {
    reads.close();
    while (readers().length > 0) await sleep(5);
  });
  return reads;
}

/** The processes that this one has for direct reads. */
function readers(): number[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const isChild = stat.slice(stat.lastIndexOf(')')).split(' ')[2] === `${process.pid}`;
      const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      return isChild && words.includes('direct-entry') ? [Number(pid)] : [];
    } catch {
      // No process, or it ended meanwhile.
      return [];
    }
  });
}

/** What a process has open of the files of this test. */
const filesOf = (pid: number | undefined): string[] =>
  readdirSync(`/proc/${pid}/fd`).filter((fd) => /^\d+$/.test(fd));

const missing = missingHere();

describe.skipIf(missing !== undefined)(`direct reads${missing ? ` (${missing})` : ''}`, () => {
  test('go on with the same process when the source is opened again', async () => {
    const reads = directReads();
    const fd = openSync(fileOf(1), constants.O_RDONLY | constants.O_DIRECT);
    expect([reads.read(fd, into, SIZE), into[0]]).toEqual([SIZE, 1]);
    const before = readers();
    const open = filesOf(before[0]).length;
    reads.forget(fd);
    closeSync(fd);
    // It has let go of what was closed here.
    while (filesOf(before[0]).length !== open - 1) await sleep(5);
    const again = opened(fileOf(2));
    expect([reads.read(again, into, SIZE), into[0]]).toEqual([SIZE, 2]);
    expect(reads.read(again, into, 2 * SIZE)).toBe(0);
    const [one, other] = [opened(fileOf(3)), opened(fileOf(4))];
    for (const [each, byte] of [
      [one, 3],
      [other, 4],
      [one, 3],
      [again, 2],
    ] as const) {
      expect([reads.read(each, into, 0), into[0]]).toEqual([SIZE, byte]);
    }
    expect([before.length, readers()]).toEqual([1, before]);
    expect(filesOf(before[0]).length).toBe(open);
  });

  test('have a new process where the old one cannot open it', () => {
    const reads = directReads();
    expect(reads.read(opened(fileOf(1)), into, 0)).toBe(SIZE);
    // Not with O_DIRECT.
    const maps = opened('/proc/self/maps', 0);
    expect(reads.read(maps, into, 0)).toBeGreaterThan(0);
    expect([reads.read(opened(fileOf(2)), into, 0), into[0]]).toEqual([SIZE, 2]);
  });

  test('are never made of another file that has the number of the descriptor', async () => {
    // As where /proc shows the processes of another namespace.
    const [wanted, there] = [fileOf(1), fileOf(2)].map((path) => opened(path)) as [number, number];
    const program = fileURLToPath(new URL('../../dist/node/direct-entry.js', import.meta.url));
    const child = spawn(process.execPath, [program, `${process.pid}`], {
      stdio: ['pipe', 'pipe', 'ignore', wanted],
    });
    const ended = once(child, 'exit');
    const orders = [
      { size: TAKE, proof: proofOf(wanted) },
      { size: TAKE, proof: proofOf(there) },
    ];
    const answers: number[] = [];
    for (const { size, proof } of orders) {
      const order = Buffer.alloc(ORDER_SIZE);
      order.writeDoubleLE(there, 0);
      order.writeInt32LE(size, 8);
      child.stdin?.write(Buffer.concat([order, proof]));
      const [answer] = (await once(child.stdout as Readable, 'data')) as [Buffer];
      answers.push(answer.readInt32LE(0));
    }
    child.stdin?.end();
    await ended;
    expect(answers).toEqual([-osConstants.errno.ENOENT, 0]);
  });

  test('have a new process when the old one was killed', async () => {
    const reads = directReads();
    const fd = opened(fileOf(1));
    expect(reads.read(fd, into, 0)).toBe(SIZE);
    for (const isForgotten of [false, true]) {
      const pids = readers();
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      while (readers().length > 0) await sleep(5);
      if (isForgotten) reads.forget(fd);
      else expect(reads.read(fd, into, 0)).toBe(undefined);
      expect([reads.read(fd, into, 0), into[0]]).toEqual([SIZE, 1]);
    }
  });
});
