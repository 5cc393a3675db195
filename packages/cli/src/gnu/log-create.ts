/** `-c`: a map from the numbers of its sectors, or from a bitmap of them. */
import { type BlockStatus, type Domain, OPEN_END } from '@chunkrescue/mapfile';
import { GnuError, type GnuIo } from './io.ts';
import type { ListFormat } from './log-options.ts';
import { RunList } from './log-runs.ts';

const NUMBER =
  /[ \t\n\v\f\r]*(?:([+-]?(?:0[xX][\da-fA-F]*|0[bB][01]*|0[0-7]*|[1-9]\d*))|(?=[^ \t\n\v\f\r]))/y;

export interface Creation {
  readonly domain: Domain;
  readonly sectorSize: number;
  readonly format: ListFormat;
  /** Status of the sectors in the list, and of the rest. */
  readonly listed: BlockStatus;
  readonly other: BlockStatus;
  /** Bytes from a position in the input to that in the output. */
  readonly offset: number;
}

/** The map, in positions of the input. @throws GnuError */
export function createdRuns(io: GnuIo, creation: Creation): RunList {
  const { domain, sectorSize, format, listed, other, offset } = creation;
  const bytes = io.readAll(Number.POSITIVE_INFINITY);
  const sectors =
    format === 'list' ? readList(bytes, sectorSize) : readBitmap(bytes, format === 'bitmap-be');
  const runs = new RunList();
  runs.add(-offset, other);
  let range = 0;
  let last = -1;
  let isIn = true;
  for (const sector of sectors) {
    if (sector === last) continue;
    // GNU's reads a bitmap in runs of ones: a run ends at its first sector that is not in the domain.
    const wasCutOff: boolean = format !== 'list' && sector === last + 1 && !isIn;
    last = sector;
    const pos = sector * sectorSize;
    const end = pos + sectorSize;
    while (range < domain.count && domain.endAt(range) <= pos) range++;
    if (range >= domain.count) break;
    isIn = !wasCutOff && domain.posAt(range) <= pos && domain.endAt(range) >= end;
    if (!isIn) continue;
    runs.add(pos, listed);
    runs.add(end, other);
  }
  runs.close(domain.end);
  return runs;
}

/** The numbers in rising order; one whose bytes lie beyond what is exact is refused. */
function readList(bytes: Uint8Array, sectorSize: number): Float64Array {
  const text = Buffer.from(bytes).toString('latin1');
  const sectors: number[] = [];
  NUMBER.lastIndex = 0;
  for (;;) {
    const token = NUMBER.exec(text);
    if (token === null) break;
    const sector = sectorOf(token[1]);
    if (!(sector >= 0 && (sector + 1) * sectorSize < OPEN_END)) {
      const line = sectors.length + 1;
      throw new GnuError(`(stdin): Error reading block number at line ${line}`, { status: 2 });
    }
    sectors.push(sector);
  }
  return Float64Array.from(sectors).sort();
}

/** A number as C reads it with base 0; NaN when it is none. */
function sectorOf(token = ''): number {
  const isOctal = /^[+-]?0\d/.test(token);
  const digits = token.replace(/^[+-]/, '');
  const value = Number(isOctal ? `0o${digits}` : digits === '' ? Number.NaN : digits);
  return token.startsWith('-') ? -value : value;
}

function* readBitmap(bytes: Uint8Array, isBigEndian: boolean): Generator<number> {
  for (const [at, byte] of bytes.entries()) {
    if (byte === 0) continue;
    for (let bit = 0; bit < 8; bit++) {
      const mask = isBigEndian ? 0x80 >>> bit : 1 << bit;
      if ((byte & mask) !== 0) yield at * 8 + bit;
    }
  }
}
