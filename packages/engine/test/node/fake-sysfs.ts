import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder } from './scratch.ts';

/** One device of a made-up /sys: its files by name; `disk` for a partition. */
export interface FakeDevice {
  readonly name: string;
  readonly number: string;
  /** 512 bytes. */
  readonly size?: number;
  readonly disk?: string;
  /** Names of the devices that are built on this one. */
  readonly holders?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

/** Makes the tree for one test, with the folders and links that the engine looks at. */
export function fakeSysfs(devices: readonly FakeDevice[]): string {
  const root = scratchFolder();
  const folderOf = ({ name, disk }: FakeDevice): string => join(root, 'devices', disk ?? '', name);
  for (const device of devices) {
    const { name, number, size = 8, disk } = device;
    const files = {
      dev: `${number}\n`,
      size: `${size}\n`,
      uevent: `DEVNAME=${name}\n`,
      ...(disk === undefined ? {} : { partition: '1\n' }),
      ...device.files,
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folderOf(device), path, '..'), { recursive: true });
      writeFileSync(join(folderOf(device), path), text);
    }
    link(folderOf(device), join(root, 'class/block', name));
    link(folderOf(device), join(root, 'dev/block', number));
  }
  for (const device of devices) {
    for (const name of device.holders ?? []) {
      link(join(root, 'class/block', name), join(folderOf(device), 'holders', name));
    }
  }
  return root;
}

/** A btrfs file system over these devices of the tree. */
export function addBtrfs(root: string, names: readonly string[]): void {
  for (const name of names) {
    link(join(root, 'class/block', name), join(root, 'fs/btrfs/some-uuid/devices', name));
  }
}

function link(to: string, path: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  symlinkSync(to, path);
}
