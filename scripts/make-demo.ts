/**
 * Makes the demo disk: an image of readable text, and a map of what cannot be read of it.
 * Always the same bytes. `npm run demo:make` writes them to `test-fixtures/`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SECTOR = 512;
/** 4 MiB, and a tail that fills no cluster. */
const SECTORS = 8192 + 3;

/** Areas of zeros, as [first sector, sectors]: a big one, one that ends beside a bad area, two small ones. */
const EMPTY_AREAS: readonly Area[] = [
  [1536, 8],
  [2600, 168],
  [4608, 640],
  [7680, 1],
];

/**
 * What cannot be read, as [first sector, sectors]. The end of the disk is readable: in test mode (`-H`)
 * GNU ddrescue takes the end of the last readable area for the end of the disk.
 */
const BAD_AREAS: readonly Area[] = [
  [77, 1],
  [700, 1],
  [702, 1],
  [1330, 24],
  // Starts inside a cluster and ends with one.
  [2500, 60],
  // Right behind an empty area.
  [2768, 16],
  // Across the border at 2 MiB.
  [3968, 320],
  // Inside the big empty area.
  [4900, 2],
  [6151, 1],
  [6153, 3],
  [7000, 40],
  // The last sector of 4 MiB, with the tail behind it.
  [8191, 1],
];

type Area = readonly [first: number, count: number];

const SAYINGS: readonly string[] = [
  'A disk that begins to fail is read gently: what is easy comes first.',
  'Around an error the rescue jumps ahead, and comes back for the rest later.',
  'Trimming walks up to the bad area from both of its edges, sector by sector.',
  'Scraping reads what lies between the edges; it takes time and hurts the disk.',
  'The map tells what is rescued, so that no good sector is ever read twice.',
  'A copy on two sticks is a copy; a copy on one stick is a hope.',
  'Nothing is written to the sick disk, not even by accident.',
];

/** The bytes of the disk. */
export function demoImage(): Buffer {
  const image = Buffer.alloc(SECTORS * SECTOR);
  for (let sector = 0; sector < SECTORS; sector++) {
    if (!EMPTY_AREAS.some((area) => contains(area, sector))) {
      image.write(sectorText(sector), sector * SECTOR, 'latin1');
    }
  }
  return image;
}

/** The mapfile of what can be read (`+`) and what cannot (`-`). */
export function demoBadMap(): string {
  const lines = [
    '# What can be read of demo.img (+), and what cannot (-). Made by: npm run demo:make',
    '# current_pos  current_status  current_pass',
    `${hex(0)}     ?               1`,
    '#      pos        size  status',
  ];
  const block = (first: number, end: number, status: '+' | '-'): void => {
    if (end > first)
      lines.push(`${hex(first * SECTOR)}  ${hex((end - first) * SECTOR)}  ${status}`);
  };
  let done = 0;
  for (const [first, count] of BAD_AREAS) {
    block(done, first, '+');
    block(first, first + count, '-');
    done = first + count;
  }
  block(done, SECTORS, '+');
  return `${lines.join('\n')}\n`;
}

/** Writes `demo.img` and `demo-bad.map` into `directory`. */
export function makeDemo(directory: string): void {
  writeFileSync(join(directory, 'demo.img'), demoImage());
  writeFileSync(join(directory, 'demo-bad.map'), demoBadMap());
}

function contains([first, count]: Area, sector: number): boolean {
  return sector >= first && sector < first + count;
}

/** 512 characters in lines: the number first, then sayings from one that the number picks. */
function sectorText(sector: number): string {
  const number = String(sector).padStart(7, '0');
  let text = `sector ${number} of the demo disk, at byte ${hex(sector * SECTOR)}\n`;
  for (let i = 0; text.length < SECTOR; i++) {
    text += `${SAYINGS[(sector + i) % SAYINGS.length]}\n`;
  }
  return `${text.slice(0, SECTOR - 1)}\n`;
}

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  makeDemo(fileURLToPath(new URL('../test-fixtures', import.meta.url)));
}
