/** A disk that goes through a stick that is too small for it, trip by trip, as `scripts/trips` makes them. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readChunkMap, readReceipt } from '@chunkrescue/engine';
import { parseMapfile, type RescueMap } from '@chunkrescue/mapfile';
import { describe, expect, onTestFinished, test } from 'vitest';
import { missingForDevices, startFaultyDevice } from '../../../scripts/faulty-device.ts';
import { missingOracle, runOracle } from '../../../scripts/oracle.ts';
import { badAreas, eraseAreas, writeDisk } from '../../../scripts/sparse-disk.ts';
import { makeStick, missingForStick, type Stick } from '../../../scripts/stick.ts';
import { MIB, rescueCommand } from './command.ts';

const TRIPS = fileURLToPath(new URL('../../../scripts/trips', import.meta.url));
const MACHINE = fileURLToPath(new URL('../../../scripts/fat32-machine', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../bin/rescue.js', import.meta.url));

interface Case {
  readonly name: string;
  readonly kind: 'exfat' | 'ext4' | 'fat32';
  readonly diskSize: number;
  readonly stickSize: number;
  /** Bytes; undefined is the command's own 100 MiB. */
  readonly chunkSize: number | undefined;
  /** Bytes that a file on the stick may have, as FAT32 has such a limit. */
  readonly fileSizeMax?: number;
  readonly layout: 'sparse' | 'compact';
  readonly trips: number;
}

const CASES: readonly Case[] = [
  {
    name: '1.5 GB through 256 MB of exFAT',
    kind: 'exfat',
    diskSize: 1536 * MIB,
    stickSize: 256_000_000,
    chunkSize: undefined,
    layout: 'compact',
    trips: 8,
  },
  {
    name: '112 MiB through 64 MB of FAT32',
    kind: 'fat32',
    diskSize: 112 * MIB,
    stickSize: 64_000_000,
    chunkSize: 16 * MIB,
    layout: 'compact',
    trips: 3,
  },
  {
    name: '112 MiB through 64 MB, short files only',
    kind: 'ext4',
    diskSize: 112 * MIB,
    stickSize: 64_000_000,
    chunkSize: 16 * MIB,
    fileSizeMax: 20 * MIB,
    layout: 'compact',
    trips: 3,
  },
  {
    name: '112 MiB through 64 MB of ext4',
    kind: 'ext4',
    diskSize: 112 * MIB,
    stickSize: 64_000_000,
    chunkSize: 16 * MIB,
    layout: 'sparse',
    trips: 3,
  },
];

describe.each(CASES)('$name', (each) => {
  const { kind, diskSize, chunkSize } = each;
  const missing = missingForTrips(kind);

  test.skipIf(missing !== undefined)(
    `trips of read --free --fit and merge equal one rescue in one go${missing ? ` (${missing})` : ''}`,
    { timeout: 300_000 },
    async () => {
      const dir = mkdtempSync(join(tmpdir(), `rescue-stick-${kind}-`));
      onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
      const at = (name: string): string => join(dir, name);
      const bad = badAreas(diskSize);
      // With -H a source ends behind its last good byte, as in ddrescue.
      if (kind === 'fat32') bad.set(diskSize - 512, diskSize, '+');
      expect(bad.areasInDomain('-')).toBeGreaterThanOrEqual(40);
      writeDisk(at('disk.img'), bad);
      writeFileSync(at('bad.map'), mapText(bad));
      const source = await sourceFor(kind, dir);
      const stick = stickFor(each, dir);

      const cut = chunkSize === undefined ? [] : ['--chunk-size', `${chunkSize}`];
      const args = [...source.words, ...cut];
      const walked = await makeTrips([source.path, at('a'), at('final.raw'), ...args], {
        stick,
        dir,
        fileSizeMax: each.fileSizeMax,
      });
      expect(walked.stderr).not.toMatch(/trips:|fault|warning/i);
      expect(walked.status).toBe(0);
      const chunks = Math.ceil(diskSize / (chunkSize ?? 100 * MIB));
      expect(walked.stdout).toContain(`All ${chunks} chunks are read`);
      expect(walked.stdout).toContain(`; trips made: ${each.trips}\n`);
      expectGoodTrips(at('seen'), { ...each, chunks });
      // What the last receipt named went in the end, and the receipt stays.
      expect(readFileSync(at('left'), 'utf8')).toMatch(/^(lost\+found\n)?receipt-\w+\.map\n$/);

      const [one, gnu] = [at('one.raw'), at('gnu.raw')];
      const copied = rescueCommand(['copy', source.path, one, at('one.map'), ...source.words]);
      expect([copied.status, copied.stderr]).toEqual([4, expect.not.stringContaining('rescue:')]);
      const oracle = runOracle([...source.words, source.path, gnu, at('gnu.map')]);
      expect(oracle.status).toBe(0);
      // ddrescue's image stops short of the unreadable tail.
      truncateSync(gnu, diskSize);
      eraseAreas(at('disk.img'), bad);
      for (const name of ['final', 'one', 'gnu']) {
        expect(statSync(at(`${name}.raw`)).size).toBe(diskSize);
        execFileSync('cmp', [at(`${name}.raw`), at('disk.img')]);
        expect([...readMap(at(`${name}.map`)).blocks()]).toEqual([...bad.blocks()]);
      }
    },
  );
});

function missingForTrips(kind: Case['kind']): string | undefined {
  const missing = missingForDevices() ?? missingOracle() ?? missingForStick(kind);
  if (missing !== undefined || kind !== 'fat32') return missing;
  // Of the compiler: see fat32-machine.
  const tools = ['linux.uml', 'insmod', ...(/\bamx_tile\b/.test(cpuInfo()) ? ['cc'] : [])];
  const lacking = tools.find((tool) => spawnSync('which', [tool]).status !== 0);
  return lacking === undefined ? undefined : `needs ${lacking}`;
}

function cpuInfo(): string {
  return existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
}

/** A device that fails; where a machine sees no devices, a file of which sectors are taken for bad. */
async function sourceFor(
  kind: Case['kind'],
  dir: string,
): Promise<{ readonly path: string; readonly words: readonly string[] }> {
  const [image, badMap] = [join(dir, 'disk.img'), join(dir, 'bad.map')];
  if (kind === 'fat32') return { path: image, words: ['-H', badMap, '-b', '512'] };
  const device = await startFaultyDevice({ image, badMap, loop: true });
  onTestFinished(() => device.close());
  return { path: device.path, words: ['-d', '-b', '512'] };
}

/** How to mount the stick, and what the script is started with. */
interface Carried extends Pick<Stick, 'mountCommand' | 'unmountCommand'> {
  readonly starter: readonly string[];
}

function stickFor({ kind, stickSize }: Case, dir: string): Carried {
  const stick = makeStick(kind, { folder: dir, size: stickSize });
  onTestFinished(() => stick.close());
  if (kind !== 'fat32') return { ...stick, starter: [] };
  return {
    starter: [MACHINE, stick.device],
    mountCommand: (folder) => `mount -t vfat /dev/ubda ${folder}`,
    unmountCommand: (folder) => `umount ${folder}`,
  };
}

/** Runs the script; the stick is mounted at `a` and goes to `b` and back. What it carries is noted in `seen`. */
async function makeTrips(
  args: readonly string[],
  { stick, dir, fileSizeMax }: { stick: Carried; dir: string; fileSizeMax: number | undefined },
): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
  const at = (name: string): string => join(dir, name);
  const [a, b] = [at('a'), at('b')];
  for (const name of ['a', 'b', 'seen']) mkdirSync(at(name));
  const note = `cd ${at('seen')}; trip=$(printf %02d $(ls | wc -l)); mkdir $trip
    cp ${a}/chunk*.map $trip
    for raw in ${a}/chunk*.raw; do stat -c '%s %b' $raw >$trip/$(basename $raw).size; done`;
  const noteReceipt = `cd ${at('seen')}; cp ${b}/receipt-*.map $(ls | tail -n 1)/receipt.map`;
  const limit =
    fileSizeMax === undefined ? '' : `[[ $1 == read ]] && ulimit -f ${fileSizeMax / 1024}\n`;
  writeFileSync(at('rescue'), `#!/bin/bash\n${limit}exec ${process.execPath} ${PROGRAM} "$@"\n`);
  chmodSync(at('rescue'), 0o755);
  writeFileSync(
    at('walk'),
    `#!/bin/bash
      export RESCUE='${at('rescue')}' MAP='${at('home.map')}' STICK_ON_B='${b}'
      export GO_TO_B=${quoted(`set -e; ${note}\n${stick.unmountCommand(a)}; ${stick.mountCommand(b)}`)}
      export GO_TO_A=${quoted(`set -e; ${noteReceipt}\n${stick.unmountCommand(b)}; ${stick.mountCommand(a)}`)}
      ${stick.mountCommand(a)} || exit
      ${TRIPS} "$@"
      status=$?
      ls ${a} >${at('left')}
      ${stick.unmountCommand(a)}
      exit $status`,
  );
  chmodSync(at('walk'), 0o755);
  const [program = '', ...words] = [...stick.starter, at('walk'), ...args];
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status] = await once(child, 'close');
  return { status, stdout, stderr };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Each chunk was carried once, laid out as the stick wants it, and went only after a receipt named it. */
function expectGoodTrips(
  seen: string,
  { layout, trips, chunks, diskSize, chunkSize = 100 * MIB }: Case & { readonly chunks: number },
): void {
  const carried: string[] = [];
  const folders = readdirSync(seen).sort();
  expect(folders).toHaveLength(trips);
  for (const folder of folders) {
    const receipt = readReceipt(join(seen, folder, 'receipt.map'));
    const raws = readdirSync(join(seen, folder)).filter((name) => name.endsWith('.raw.size'));
    for (const raw of raws) {
      const name = raw.replace('.raw.size', '');
      const map = join(seen, folder, `${name}.map`);
      const { manifest, seal } = readChunkMap({ raw: map.replace(/map$/, 'raw'), map });
      expect(manifest.layout).toBe(layout);
      // All went after this trip, so all must be in the receipt that came back.
      expect(receipt?.merged).toContain(seal);
      const [size = 0, blocks = 0] = readFileSync(join(seen, folder, raw), 'utf8')
        .split(' ')
        .map(Number);
      const { pos = -1, size: length = 0 } = manifest.range ?? {};
      expect(size).toBe(layout === 'sparse' ? Math.min(pos + length, diskSize) : length);
      expect(blocks * 512).toBeLessThan(chunkSize + MIB);
      carried.push(name);
    }
  }
  // Each of them once: a second time would have been read from the failing disk again.
  expect(carried).toHaveLength(chunks);
  expect(new Set(carried).size).toBe(chunks);
}

function readMap(path: string): RescueMap {
  const { map } = parseMapfile(readFileSync(path, 'utf8'));
  map.release();
  return map;
}

function mapText(map: RescueMap): string {
  const lines = [...map.blocks()].map(({ pos, size, status }) => `${pos} ${size} ${status}\n`);
  return `0 + 1\n${lines.join('')}`;
}
