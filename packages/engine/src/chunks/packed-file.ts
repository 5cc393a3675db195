/** A chunk's file in one of the compressions that Node has built in, as something to read from. */
import { RescueError } from '../errors.ts';
import { type Packing, unpacked } from '../node/packing.ts';
import type { ReadOutcome, Source } from '../ports.ts';
import { chunkDamaged } from './chunk-errors.ts';

/** What can be unpacked is held in memory: chunks up to this many bytes. */
export const PACKED_MAX: number = 1024 * 1024 * 1024;

/** What cannot be compressed grows by less than a thousandth, and by some bytes a member. */
const SLACK_PART = 64;
const SLACK = 1024 * 1024;

/** Unpacks all of a file. @throws RescueError `chunk-mismatch` or `source-read` */
export function unpackedSource(
  file: Source & { readonly size: number | undefined },
  { packing, size }: { readonly packing: Packing; readonly size: number },
): { readonly size: number; read(pos: number, into: Uint8Array): ReadOutcome } {
  if (size > PACKED_MAX) {
    throw chunkDamaged(file.name, 'it says to be larger than a compressed chunk can be');
  }
  if ((file.size ?? 0) > size + size / SLACK_PART + SLACK) {
    throw chunkDamaged(file.name, 'it is longer than the chunk is when it is not compressed');
  }
  const bytes = new Uint8Array(file.size ?? 0);
  const { copied, errno } = file.read(0, bytes) as ReadOutcome;
  if (copied < bytes.length) {
    const what = `${file.name} cannot be read at position ${copied} (${errno ?? 'it ends there'}).`;
    throw new RescueError('source-read', what, {
      path: file.name,
      hint: 'Copy it again. Nothing of it is claimed in the map.',
    });
  }
  const content = unpacked(bytes, { packing, sizeMax: size });
  if ('problem' in content) throw chunkDamaged(file.name, content.problem);
  return {
    size: content.bytes.length,
    read(pos, into) {
      const part = content.bytes.subarray(pos, pos + into.length);
      into.set(part);
      return { copied: part.length, errno: undefined };
    },
  };
}
