/** Reads what was rescued again, past the cache where possible, and compares it with the digests. */
import { Domain, type Mapfile, type Range } from '@chunkrescue/mapfile';
import { RescueError } from '../errors.ts';
import { existingSize } from '../node/existing-size.ts';
import { openPastCache } from '../node/open-past-cache.ts';
import type { Source } from '../ports.ts';
import { ReadGivenUp } from '../run.ts';
import { shortCopy } from './chunk-errors.ts';
import { provenIn } from './evidence.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { openChunk, readChunkMap } from './open-chunk.ts';
import { PIECE_SIZE } from './piece-digests.ts';
import { hullOf, pieceDigest, pieces, sizeOf } from './pieces.ts';
import { sealedMapStore } from './sealed-map-store.ts';
import { checkBinding } from './source-binding.ts';
import type { Verified, VerifyEvent, VerifyJob, VerifyResult, VerifyTarget } from './verify-job.ts';

/** How to follow and stop it. */
export interface VerifyFollowing {
  readonly signal: Pick<AbortSignal, 'aborted'>;
  readonly onEvent: (event: VerifyEvent) => void;
}

/** Some bytes with the digests that were taken of them. */
interface Proof {
  readonly pieceSize: number;
  /** The digest of the piece at a position. */
  readonly digests: { get(pos: number): number | undefined };
  readonly claims: Domain;
}

/** What is read, and the digests that it is compared with. */
interface Subject {
  readonly path: string;
  readonly source: Pick<Source, 'read'>;
  readonly isPastCache: boolean;
  readonly proofs: readonly Proof[];
  /** All that is claimed. */
  readonly claims: Domain;
  readonly sourceSize: number | undefined;
  close(): void;
}

/** Verifies in this thread, without giving it away. @throws RescueError when the source cannot be used */
export function verify(
  job: VerifyJob,
  how: VerifyFollowing & {
    readonly source?: { readonly source: Source; readonly isPastCache: boolean };
  },
): VerifyResult {
  const targets: Verified[] = [];
  let sourceSize: number | undefined;
  for (const target of job.targets) {
    if (how.signal.aborted) return { end: 'aborted', targets, sourceSize };
    let subject: Subject | undefined;
    try {
      subject = open(target, how.source);
      sourceSize ??= subject.sourceSize;
      const verified = look(subject, how);
      if (verified === undefined) return { end: 'aborted', targets, sourceSize };
      targets.push(verified);
    } catch (error) {
      if (error instanceof ReadGivenUp) return { end: 'aborted', targets, sourceSize };
      if (!(error instanceof RescueError) || error.code === 'map-mismatch') throw error;
      const { code, message, hint } = error;
      targets.push({ ...nothing(pathOf(target)), refusal: { code, message, hint } });
    } finally {
      subject?.close();
    }
  }
  return { end: 'finished', targets, sourceSize };
}

function pathOf(target: VerifyTarget): string {
  return target.kind === 'chunk' ? target.pair.raw : target.image;
}

function nothing(path: string): Verified {
  const none = { same: 0, different: [], unreadable: [], unchecked: 0 };
  return { path, isPastCache: false, ...none, refusal: undefined };
}

function open(
  target: VerifyTarget,
  disk: { readonly source: Source; readonly isPastCache: boolean } | undefined,
): Subject {
  if (target.kind === 'chunk') {
    if (disk !== undefined) {
      const facts = readChunkMap(target.pair);
      return ofDisk(disk, { target, known: [facts], claims: Domain.fromMap(facts.mapfile.map) });
    }
    const chunk = openChunk(target.pair, { cache: 'avoided' });
    const { claims, manifest, isPastCache } = chunk;
    const { sourceSize } = manifest;
    const proofs = chunk.isOurs ? [proofOf(manifest, claims)] : [];
    const close = (): void => chunk.close();
    return { path: target.pair.raw, source: chunk, isPastCache, proofs, claims, sourceSize, close };
  }
  const { image, map } = target;
  const mapfile = sealedMapStore(map).load() as Mapfile | undefined;
  if (mapfile === undefined) {
    throw new RescueError('map-read', `There is no map ${map} for ${image}.`, {
      path: map,
      hint: 'Give the map of the image with --map.',
    });
  }
  if (target.kind === 'copy') return ofCopy(target, mapfile, disk);
  const known = [...provenIn(image, mapfile.map)];
  if (disk !== undefined) {
    return ofDisk(disk, { target, known, claims: Domain.fromMap(mapfile.map) });
  }
  const proofs = known.map((each) => proofOf(each.manifest, Domain.fromMap(each.mapfile.map)));
  const { source, isPastCache } = openPastCache(image);
  const { sourceSize } = readManifest(mapfile.heading);
  const claims = Domain.fromMap(mapfile.map);
  const close = (): void => source.close();
  return { path: image, source, isPastCache, proofs, claims, sourceSize, close };
}

/** What the disk is compared with. */
interface DiskQuestion {
  readonly target: VerifyTarget;
  readonly known: readonly { readonly manifest: Manifest; readonly mapfile: Mapfile }[];
  /** All that the target claims. */
  readonly claims: Domain;
}

function ofDisk(
  { source, isPastCache }: { readonly source: Source; readonly isPastCache: boolean },
  { target, known, claims }: DiskQuestion,
): Subject {
  const [first] = known;
  if (first !== undefined) {
    const { kind: _, chunk: __, ...manifest } = first.manifest;
    const map = target.kind === 'chunk' ? target.pair.map : target.map;
    checkBinding({ map, manifest: { ...manifest, samples: [] }, source });
  }
  const proofs = known
    .filter(({ manifest }) => manifest.digests !== undefined)
    .map(({ manifest, mapfile }) => proofOf(manifest, Domain.fromMap(mapfile.map)));
  const sourceSize = source.size;
  const path = pathOf(target);
  return { path, source, isPastCache, proofs, claims, sourceSize, close: () => {} };
}

function proofOf({ pieceSize = PIECE_SIZE, digests = new Map() }: Manifest, claims: Domain): Proof {
  return { pieceSize, digests, claims };
}

/** With a disk, its bytes and the image's are read side by side; without, there is nothing to compare with. */
function ofCopy(
  { image, map }: Extract<VerifyTarget, { kind: 'copy' }>,
  mapfile: Mapfile,
  disk: (Pick<Subject, 'isPastCache'> & { readonly source: Source }) | undefined,
): Subject {
  const claims = Domain.fromMap(mapfile.map);
  const { samples: _, ...manifest } = readManifest(mapfile.heading);
  const size = existingSize(image) ?? 0;
  if (size < claims.end) throw shortCopy({ image, map, size, end: claims.end });
  const { sourceSize } = manifest;
  const base = { path: image, claims, sourceSize };
  if (disk === undefined) {
    return { ...base, source: NO_SOURCE, isPastCache: true, proofs: [], close: () => {} };
  }
  checkBinding({ map, manifest, source: disk.source });
  const { source } = openPastCache(image);
  const pieceSize = PIECE_SIZE;
  const digests = {
    get(pos: number): number | undefined {
      const [piece] = pieces({ source, claims: claims.clip(pos, pos + pieceSize), pieceSize });
      return piece === undefined || piece.trouble ? undefined : pieceDigest(piece);
    },
  };
  const proofs = [{ pieceSize, digests, claims }];
  return { ...base, ...disk, proofs, close: () => source.close() };
}

/** Never read, since nothing is known to compare with. */
const NO_SOURCE: Subject['source'] = { read: () => ({ copied: 0, errno: undefined }) };

/** Returns undefined when it was stopped. */
function look(subject: Subject, how: VerifyFollowing): Verified | undefined {
  const { path, source, isPastCache, proofs } = subject;
  const total = proofs.reduce((sum, { claims }) => sum + claims.size, 0);
  const different: Range[] = [];
  const unreadable: Range[] = [];
  let done = 0;
  const good: Range[] = [];
  let proved = Domain.of([]);
  for (const { pieceSize, digests, claims } of proofs) {
    for (const piece of pieces({ source, claims, pieceSize })) {
      if (how.signal.aborted) return undefined;
      const size = sizeOf(piece.ranges);
      if (piece.trouble !== undefined) unreadable.push(hullOf(piece.ranges));
      else if (digests.get(piece.pos) !== pieceDigest(piece)) different.push(hullOf(piece.ranges));
      else good.push(...piece.ranges);
      done += size;
      how.onEvent({ type: 'verifying', path, done, total });
    }
    proved = proved.union(claims);
  }
  const unchecked = subject.claims.subtract(proved).size;
  // Several chunks may speak of one byte.
  const same = Domain.of(good).size;
  return { path, isPastCache, same, different, unreadable, unchecked, refusal: undefined };
}
