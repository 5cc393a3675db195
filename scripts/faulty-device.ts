/**
 * Real devices that fail, for the tests: reads that touch an area of a mapfile that is not `+` get EIO.
 *
 * With `loop` it is a block device, and errors of O_DIRECT reads are exact to the sector. Buffered reads
 * fail in whole pages, as they do on a disk. Without `loop` it is a regular file with the same property.
 *
 * Each device has a process of its own, `hold-faulty-device`, which takes it away when its standard input
 * ends. So nothing is left behind, whichever way the test ends.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HOLDER = fileURLToPath(new URL('hold-faulty-device', import.meta.url));

export interface FaultyDeviceOptions {
  /** File with the bytes that good reads give. */
  readonly image: string;
  /** ddrescue mapfile; what is not `+` in it cannot be read. */
  readonly badMap: string;
  /** A block device (`/dev/loopN`) rather than a regular file. */
  readonly loop: boolean;
  /** Logical sector of the block device in bytes: 512 (default) to 4096. The image is a multiple of it. */
  readonly sectorSize?: number;
  /** Milliseconds added to each request of the kernel, failing ones too. Default 0. */
  readonly delayMs?: number;
}

export interface ServedDeviceOptions {
  /** A plugin of nbdkit, with filters and settings. */
  readonly nbdkit: readonly string[];
  /** Also a block device (`/dev/loopN`) that is the file. Default false. */
  readonly loop?: boolean;
  /** Logical sector of the block device in bytes: 512 (default) to 4096. */
  readonly sectorSize?: number;
  /** Whether the file, and the block device, can be written. Default false. */
  readonly isWritable?: boolean;
}

export interface FaultyDevice {
  /** What to read: `/dev/loopN`, or a file on a FUSE mount. */
  readonly path: string;
  /** The file on the FUSE mount, which is behind `/dev/loopN` too. */
  readonly file: string;
  /** Takes the device away; returns when nothing of it is left. May be called twice. */
  close(): Promise<void>;
}

/** What stands in the way of a device here, for the title of a skipped test; undefined when nothing does. */
export function missingForDevices(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync('/dev/fuse')) return 'needs /dev/fuse';
  for (const tool of ['bash', 'nbdkit', 'nbdfuse', 'losetup', 'blockdev', 'umount']) {
    if (spawnSync(tool, ['--version']).error !== undefined) return `needs ${tool}`;
  }
  if (spawnSync('nbdkit', ['--filter=ddrescue', 'file', '--version']).status !== 0) {
    return "needs nbdkit's ddrescue filter";
  }
  const free = spawnSync('losetup', ['--find'], { encoding: 'utf8' });
  if (free.status !== 0 || !existsSync(free.stdout.trim())) return 'needs a free loop device';
  return undefined;
}

/** Rejects when the device cannot be made, with what the tools said. */
export async function startFaultyDevice(options: FaultyDeviceOptions): Promise<FaultyDevice> {
  checkSize(options);
  return await startServedDevice(served(options));
}

/** A device of whatever nbdkit serves. Rejects when it cannot be made, with what the tools said. */
export async function startServedDevice(options: ServedDeviceOptions): Promise<FaultyDevice> {
  const dir = mkdtempSync(join(tmpdir(), 'faulty-device-'));
  const holder = spawn(HOLDER, holderArguments(dir, options, 'stdin'), {
    stdio: ['pipe', 'pipe', 'pipe'],
    // A Ctrl-C at the terminal ends the test first, and the device after it.
    detached: true,
  });
  const ended = endOf(holder);
  const close = async (): Promise<void> => {
    holder.ref();
    holder.stdin.end();
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const path = await firstLine(holder, ended);
    // A program that forgets to close the device may end all the same; the device ends with it.
    holder.unref();
    holder.stderr.destroy();
    return { path, file: join(dir, 'device.raw'), close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

function checkSize({ image, loop, sectorSize = 512 }: FaultyDeviceOptions): void {
  if (loop && statSync(image).size % sectorSize !== 0) {
    throw new RangeError(`${image} is not a multiple of ${sectorSize} bytes long`);
  }
}

/** How nbdkit serves it. The delay is above the faults, so that failing reads take their time too. */
function served(options: FaultyDeviceOptions): ServedDeviceOptions {
  const { image, badMap, loop, sectorSize = 512, delayMs = 0 } = options;
  const delay = delayMs > 0 ? ['--filter=delay', `rdelay=${delayMs}ms`] : [];
  const faults = ['--filter=ddrescue', 'file', resolve(image)];
  const nbdkit = [...delay.slice(0, 1), ...faults, `ddrescue-mapfile=${resolve(badMap)}`];
  return { nbdkit: [...nbdkit, ...delay.slice(1)], loop, sectorSize };
}

function holderArguments(
  dir: string,
  options: ServedDeviceOptions,
  until: 'stdin' | 'signal',
): string[] {
  const { nbdkit, loop = false, sectorSize = 512, isWritable = false } = options;
  const [kind, mode] = [loop ? 'loop' : 'file', isWritable ? 'rw' : 'ro'];
  return [dir, kind, String(sectorSize), mode, until, ...nbdkit];
}

function endOf(holder: ChildProcess): Promise<void> {
  return new Promise((done) => {
    holder.once('error', () => done());
    holder.once('close', () => done());
  });
}

/** The path that the holder prints; rejects with its complaints when it ends without one. */
async function firstLine(
  { stdout, stderr }: { stdout: Readable; stderr: Readable },
  ended: Promise<void>,
): Promise<string> {
  let said = '';
  let complaint = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const line = new Promise<string>((done) => {
    stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('\n')) done(said.trim());
    });
  });
  const path = await Promise.race([line, ended]);
  if (path === undefined) throw new Error(`no faulty device: ${complaint.trim()}`);
  return path;
}

const USAGE = `Usage: faulty-device.ts start --dir DIR --image FILE --bad-map FILE [--loop]
                              [--sector-size BYTES] [--delay-ms N]
       faulty-device.ts stop --dir DIR
start prints the path of the device; DIR is made for it, and stop removes it.
`;

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      dir: { type: 'string' },
      image: { type: 'string' },
      'bad-map': { type: 'string' },
      loop: { type: 'boolean', default: false },
      'sector-size': { type: 'string', default: '512' },
      'delay-ms': { type: 'string', default: '0' },
    },
  });
  const { dir, image, 'bad-map': badMap } = values;
  if (positionals[0] === 'stop' && dir !== undefined) {
    await stopInBackground(dir);
  } else if (positionals[0] === 'start' && dir && image && badMap) {
    const options: FaultyDeviceOptions = {
      image,
      badMap,
      loop: values.loop,
      sectorSize: Number(values['sector-size']),
      delayMs: Number(values['delay-ms']),
    };
    process.stdout.write(`${await startInBackground(resolve(dir), options)}\n`);
  } else {
    process.stderr.write(USAGE);
    process.exitCode = 2;
  }
}

async function startInBackground(dir: string, options: FaultyDeviceOptions): Promise<string> {
  if (existsSync(dir)) throw new Error(`${dir} exists already`);
  const missing = missingForDevices();
  if (missing !== undefined) throw new Error(missing);
  checkSize(options);
  const holder = spawn(HOLDER, holderArguments(dir, served(options), 'signal'), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const path = await firstLine(holder, endOf(holder));
  holder.unref();
  holder.stderr.destroy();
  return path;
}

async function stopInBackground(dir: string): Promise<void> {
  const holder = Number(readFileSync(join(dir, 'holder.pid'), 'utf8'));
  process.kill(holder, 'SIGTERM');
  while (existsSync(dir)) await new Promise((done) => setTimeout(done, 20));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
