/**
 * Sticks for the tests: an image with a file system as sticks have it, mounted here or there.
 *
 * exFAT and FAT32 are mounted by programs behind FUSE, which need no module of the kernel. Such a program may
 * go on writing when its mount is gone already, so a stick counts as unmounted when nobody has it open.
 * fusefat, of which Debian has nothing better, is good for small files only: it does not know how much is free,
 * and of large ones it loses bytes that it said were written.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export type StickKind = 'exfat' | 'fat32' | 'ext4';

/** How a kind is made and mounted: `$DEVICE` is the loop device or the image, `$FOLDER` where to. */
interface Recipe {
  readonly make: readonly [tool: string, ...options: string[]];
  readonly mount: readonly [tool: string, ...options: string[]];
  /** Whether a block device is wanted, rather than the image itself. */
  readonly isOnLoop: boolean;
}

const RECIPES: Readonly<Record<StickKind, Recipe>> = {
  exfat: { isOnLoop: true, make: ['mkfs.exfat', '-L', 'STICK'], mount: ['mount.exfat-fuse'] },
  fat32: {
    isOnLoop: false,
    make: ['mkfs.fat', '-F', '32', '-n', 'STICK'],
    mount: ['fusefat', '-o', 'rw+'],
  },
  ext4: {
    isOnLoop: true,
    make: ['mkfs.ext4', '-q', '-m', '0', '-L', 'STICK'],
    mount: ['mount', '-t', 'ext4'],
  },
};

/** A stick in the hand. The commands are for bash, so that a script can walk with it. */
export interface Stick {
  readonly kind: StickKind;
  /** `/dev/loopN`, or the image. */
  readonly device: string;
  mountCommand(folder: string): string;
  /** Returns when all is written and nobody has the stick open. Pulls nothing: it may fail when in use. */
  unmountCommand(folder: string): string;
  mount(folder: string): void;
  unmount(folder: string): void;
  /** Takes the stick away, from where it is mounted too. May be called twice. */
  close(): void;
}

/** What stands in the way of such a stick here, for the title of a skipped test; undefined when nothing does. */
export function missingForStick(kind: StickKind): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync('/dev/fuse')) return 'needs /dev/fuse';
  const { make, mount } = RECIPES[kind];
  const tools = ['bash', 'losetup', 'umount', 'mountpoint', 'find', make[0], mount[0]];
  for (const tool of tools) {
    const { status } = spawnSync('bash', ['-c', 'command -v "$0"', tool]);
    if (status !== 0) return `needs ${tool}`;
  }
  const free = spawnSync('losetup', ['--find'], { encoding: 'utf8' });
  return free.status === 0 ? undefined : 'needs a free loop device';
}

/** Makes a stick of `size` bytes, a file in `folder`. @throws Error with what the tools said */
export function makeStick(
  kind: StickKind,
  { folder, size }: { readonly folder: string; readonly size: number },
): Stick {
  const { isOnLoop, make, mount } = RECIPES[kind];
  const image = resolve(join(folder, `stick-${kind}.img`));
  writeFileSync(image, '', { flag: 'wx' });
  truncateSync(image, size);
  run([...make, image]);
  const device = isOnLoop ? run(['losetup', '--find', '--show', image]).trim() : image;
  const folders = new Set<string>();
  const command = (at: string, words: string): string =>
    `(DEVICE=${quoted(device)} FOLDER=${quoted(at)}; ${words})`;
  const mountCommand = (at: string): string => {
    folders.add(at);
    return command(at, `${mount.join(' ')} "$DEVICE" "$FOLDER" >/dev/null`);
  };
  const unmountCommand = (at: string): string => command(at, UNMOUNT);
  let isThere = true;
  return {
    kind,
    device,
    mountCommand,
    unmountCommand,
    mount: (at) => void run(['bash', '-c', mountCommand(at)]),
    unmount: (at) => void run(['bash', '-c', unmountCommand(at)]),
    close: () => {
      if (!isThere) return;
      isThere = false;
      for (const at of folders) {
        const isMounted = spawnSync('mountpoint', ['-q', at]).status === 0;
        if (isMounted) run(['bash', '-c', unmountCommand(at)]);
      }
      if (isOnLoop) run(['losetup', '--detach', device]);
      rmSync(image);
    },
  };
}

/** Ten seconds at most. */
const UNMOUNT = [
  'umount "$FOLDER" || exit',
  'for ((i = 0; i < 200; i++)); do',
  '  [[ -z $(find /proc/[0-9]*/fd -lname "$DEVICE" -print -quit 2>/dev/null) ]] && exit 0',
  '  sleep 0.05',
  'done',
  'echo "$DEVICE is still in use" >&2; exit 1',
].join('\n');

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function run(words: readonly string[]): string {
  const [tool = '', ...args] = words;
  const { status, error, stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${tool}: ${error?.message ?? `${stderr}${stdout}`.trim()}`);
  return stdout;
}
