/** Compresses a finished chunk, for a stick that is slower than a processor. */
import { formatMapfile } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { alignedBuffer } from '../node/aligned-memory.ts';
import { writeTextDurably } from '../node/durable-text.ts';
import { errnoOf, reasonOf } from '../node/errno.ts';
import { existingSize } from '../node/existing-size.ts';
import { openFileTarget } from '../node/file-target.ts';
import { removeDurably, removeFile } from '../node/folders.ts';
import { type Packing, packed } from '../node/packing.ts';
import type { ReadOutcome } from '../ports.ts';
import { manifestComments } from './manifest.ts';
import { unreadable } from './merge-errors.ts';
import { type ChunkPair, openChunk } from './open-chunk.ts';
import { PACKED_MAX } from './packed-file.ts';
import { seal } from './seal.ts';

const MEMBER_SIZE = 4 * 1024 * 1024;
/** The comment lines that this program writes of a chunk begin here. */
const FIRST_LINE = '# Chunk format:';

/**
 * Writes the chunk compressed, then its map, each durable before the next step. The chunk stays. Returns the bytes
 * written. @throws RescueError `chunk-mismatch`, `target-open`, `target-write`, `target-sync` or `map-write`
 */
export function packChunk(from: ChunkPair, to: ChunkPair, packing: Packing): number {
  const chunk = openChunk(from, { cache: 'used' });
  const { range } = chunk.manifest;
  try {
    if (range === undefined || range.size > PACKED_MAX) {
      throw new RescueError('target-write', `${from.raw} is too large to be compressed.`, {
        path: from.raw,
        hint: 'Compression takes chunks up to 1 GiB; use a smaller --chunk-size.',
      });
    }
    // What an earlier try left would claim bytes that are about to be cut off.
    if (existingSize(to.map) !== undefined) orMapError(to.map, removeDurably);
    const target = openFileTarget(to.raw, {
      mode: 'any',
      truncate: true,
      sparse: false,
      links: 'refused',
    });
    let size = 0;
    try {
      for (let pos = range.pos; pos < range.pos + range.size; pos += MEMBER_SIZE) {
        const into = alignedBuffer(Math.min(MEMBER_SIZE, range.pos + range.size - pos));
        const { copied, errno } = chunk.read(pos, into) as ReadOutcome;
        if (copied < into.length) throw unreadable(from.raw, pos + copied, errno);
        const member = packed(into, packing);
        target.write(size, member);
        size += member.length;
      }
      target.sync();
    } finally {
      target.close();
    }
    const { heading } = chunk.mapfile;
    const first = heading.findIndex((line) => line.startsWith(FIRST_LINE));
    const comments = manifestComments({ ...chunk.manifest, packing, layout: 'compact' });
    const mapfile = {
      ...chunk.mapfile,
      heading: [...heading.slice(0, Math.max(0, first)), ...comments.map((line) => `# ${line}`)],
    };
    const text = seal(formatMapfile(mapfile));
    orMapError(to.map, (path) => writeTextDurably(path, text));
    return size;
  } finally {
    chunk.close();
  }
}

function orMapError(path: string, call: (path: string) => void): void {
  try {
    call(path);
  } catch (cause) {
    const errno = errnoOf(cause);
    throw new RescueError('map-write', `Can't write map file ${path}: ${reasonOf(errno)}.`, {
      path,
      errno,
      cause,
      hint: 'The chunk itself is whole; give the same command again when there is room.',
    });
  }
}

/** Removes a chunk that is in other files now. Its file must not come back, by a power cut, without its map. */
export function removeChunk({ raw, map }: ChunkPair): void {
  removeDurably(raw);
  removeFile(map);
}
