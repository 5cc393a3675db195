/**
 * Reads the partition table of a disk: MBR with logical partitions, and GPT. The bytes may be
 * damaged or hostile: whatever they say, little is read and little is kept, and nothing is thrown.
 */

/** One partition. Bytes. */
export interface Partition {
  /** As in the name of its device: 1 to 4 are primary on an MBR disk, 5 and more logical. */
  readonly number: number;
  readonly pos: number;
  readonly size: number;
  /** As in /dev/disk/by-partuuid; undefined where the disk has none. */
  readonly uuid: string | undefined;
}

/**
 * Gives `size` bytes from `pos` on, both multiples of the sector; undefined when they cannot be
 * read.
 */
export type ReadBytes = (pos: number, size: number) => Uint8Array | undefined;

/** More are not looked at, and so many links of logical partitions. */
const PARTITIONS_MAX = 256;
const GPT_ENTRY_SIZE_MAX = 4096;
const ENTRY_TABLE = 446;
const PROTECTIVE = 0xee;
const EXTENDED: readonly number[] = [0x05, 0x0f, 0x85];

/**
 * The partitions in the order of the table; empty when there is no table that can be trusted. The
 * second copy of a GPT, at the end of the disk, is not used, and no checksum is looked at.
 * @param sectorSize bytes; positions in the table are counted in it
 * @throws RangeError for a sector under 512 bytes
 */
export function readPartitions(read: ReadBytes, sectorSize: number): Partition[] {
  if (!(sectorSize >= 512)) throw new RangeError(`A sector of ${sectorSize} bytes.`);
  const disk = { read, sectorSize };
  const first = bootRecord(disk, 0);
  if (first === undefined) return [];
  if (first.slots.some(({ type }) => type === PROTECTIVE)) return gptPartitions(disk);
  const { slots, signature } = first;
  const primary = slots.filter(isData).map((slot) => toPartition(slot, 0));
  const logical = slots.filter(isExtended).flatMap(({ start }) => logicalPartitions(disk, start));
  const numbered = logical.slice(0, PARTITIONS_MAX).map((partition, index) => {
    return { ...partition, number: 5 + index };
  });
  return [...primary, ...numbered].map(({ number, start, count }) => ({
    number,
    pos: start * sectorSize,
    size: count * sectorSize,
    uuid: signature === 0 ? undefined : `${hex(signature, 8)}-${hex(number, 2)}`,
  }));
}

interface Disk {
  readonly read: ReadBytes;
  readonly sectorSize: number;
}

/** One of the four places of a boot record. Sectors. */
interface Slot {
  readonly number: number;
  readonly type: number;
  readonly start: number;
  readonly count: number;
}

interface BootRecord {
  readonly signature: number;
  readonly slots: readonly Slot[];
}

/**
 * Undefined for everything else, as the first sector of a file system on a disk without partitions.
 */
function bootRecord(disk: Disk, sector: number): BootRecord | undefined {
  const view = viewAt(disk, sector * disk.sectorSize, disk.sectorSize);
  if (view?.getUint16(510) !== 0x55aa) return undefined;
  const flags = [0, 1, 2, 3].map((index) => view.getUint8(ENTRY_TABLE + index * 16));
  if (flags.some((flag) => flag !== 0 && flag !== 0x80)) return undefined;
  const slots = flags.map((_, index) => {
    const at = ENTRY_TABLE + index * 16;
    return {
      number: index + 1,
      type: view.getUint8(at + 4),
      start: view.getUint32(at + 8, true),
      count: view.getUint32(at + 12, true),
    };
  });
  return { signature: view.getUint32(440, true), slots: slots.filter(({ count }) => count > 0) };
}

/**
 * A chain of boot records, each with one partition from itself on and a link from the chain's start
 * on.
 */
function logicalPartitions(disk: Disk, chainStart: number): Slot[] {
  const found: Slot[] = [];
  const seen = new Set<number>();
  let sector: number | undefined = chainStart;
  while (sector !== undefined && !seen.has(sector) && seen.size < PARTITIONS_MAX) {
    seen.add(sector);
    const slots: readonly Slot[] = bootRecord(disk, sector)?.slots ?? [];
    const data = slots.find((slot) => slot.number <= 2 && isData(slot));
    const link = slots.find((slot) => slot.number <= 2 && isExtended(slot));
    if (data !== undefined) found.push(toPartition(data, sector));
    sector = link === undefined ? undefined : chainStart + link.start;
  }
  return found;
}

function toPartition(slot: Slot, base: number): Slot {
  return { ...slot, start: base + slot.start };
}

function isData({ type, start }: Slot): boolean {
  return type !== 0 && start > 0 && !EXTENDED.includes(type);
}

function isExtended({ type, start }: Slot): boolean {
  return start > 0 && EXTENDED.includes(type);
}

function gptPartitions(disk: Disk): Partition[] {
  const { sectorSize } = disk;
  const header = viewAt(disk, sectorSize, sectorSize);
  if (header === undefined || textAt(header, 0, 8) !== 'EFI PART') return [];
  const entriesPos = numberAt(header, 72) * sectorSize;
  const count = Math.min(header.getUint32(80, true), PARTITIONS_MAX);
  const entrySize = header.getUint32(84, true);
  const isSane =
    numberAt(header, 24) === 1 &&
    entriesPos >= 2 * sectorSize &&
    count > 0 &&
    entrySize >= 128 &&
    entrySize <= GPT_ENTRY_SIZE_MAX &&
    entrySize % 8 === 0;
  if (!isSane) return [];
  const size = Math.ceil((count * entrySize) / sectorSize) * sectorSize;
  const entries = viewAt(disk, entriesPos, size);
  if (entries === undefined) return [];
  return Array.from({ length: count }, (_, index) => index).flatMap((index) => {
    const at = index * entrySize;
    const start = numberAt(entries, at + 32);
    const end = numberAt(entries, at + 40) + 1;
    const isUsed = guidAt(entries, at) !== undefined && start >= 2 && start < end;
    if (!isUsed || !Number.isSafeInteger(end * sectorSize)) return [];
    const uuid = guidAt(entries, at + 16);
    const place = { pos: start * sectorSize, size: (end - start) * sectorSize };
    return { number: index + 1, ...place, uuid };
  });
}

function viewAt({ read }: Disk, pos: number, size: number): DataView | undefined {
  if (!Number.isSafeInteger(pos + size)) return undefined;
  const bytes = read(pos, size);
  if (bytes === undefined || bytes.length < size) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, size);
}

/** 64 bits, exact where they fit. */
function numberAt(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function textAt(view: DataView, at: number, size: number): string {
  return Array.from({ length: size }, (_, i) => String.fromCharCode(view.getUint8(at + i))).join(
    '',
  );
}

/** Undefined for zeros. The first three numbers have their low byte first. */
function guidAt(view: DataView, at: number): string | undefined {
  const low = hex(view.getUint32(at, true), 8);
  const middle = [4, 6].map((offset) => hex(view.getUint16(at + offset, true), 4));
  const rest = Array.from({ length: 8 }, (_, i) => hex(view.getUint8(at + 8 + i), 2)).join('');
  const text = [low, ...middle, rest.slice(0, 4), rest.slice(4)].join('-');
  return /^[0-]*$/.test(text) ? undefined : text;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
