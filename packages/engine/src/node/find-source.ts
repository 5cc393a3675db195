import { sameIdentity } from '../identity.ts';
import type { Source, SourceIdentity } from '../ports.ts';
import { openFileSource } from './file-source.ts';
import { findDevices } from './find-device.ts';
import { statOf } from './paths.ts';

/** A source that a map was begun with. */
export interface RememberedSource {
  readonly identity: SourceIdentity | undefined;
  /** Bytes. */
  readonly size: number | undefined;
  /** Whether an open source holds other bytes than are remembered. */
  readonly isOther: (source: Source) => boolean;
}

/**
 * The name that a disk has now: after a restart or another plug it may be another one. The name given, unless
 * that is certainly not the disk (or nothing) and exactly one device is.
 */
export function findSource(path: string, remembered: RememberedSource): string {
  const { identity, size } = remembered;
  if (identity === undefined || size === undefined) return path;
  if (isRight(path, remembered)) return path;
  const found = findDevices({ identity, size });
  return found.length === 1 ? (found[0] as string) : path;
}

function isRight(path: string, { identity = {}, isOther }: RememberedSource): boolean {
  const stat = statOf(path);
  if (stat === undefined) return false;
  if (!stat.isBlockDevice()) return true;
  const source = openFileSource(path, { direct: false });
  try {
    const verdict = sameIdentity(identity, source.identity);
    return verdict === 'unknown' ? !isOther(source) : verdict === 'same';
  } finally {
    source.close();
  }
}
