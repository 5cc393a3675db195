import { sameByNumber, sameIdentity } from '../identity.ts';
import type { Source, SourceIdentity } from '../ports.ts';
import { openFileSource } from './file-source.ts';
import { findDevices } from './find-device.ts';
import { statOf } from './paths.ts';

/** A source that a map was begun with. */
export interface RememberedSource {
  readonly identity: SourceIdentity | undefined;
  /** Bytes. */
  readonly size: number | undefined;
  /** What an open source says of the bytes that are remembered; `unknown` when none can be read. */
  readonly look: (source: Source) => 'same' | 'different' | 'unknown';
}

/**
 * The name that a disk has now: after a restart or another plug it may be another one. The name given, unless
 * that is certainly not the disk (or nothing) and exactly one device is.
 */
export function findSource(path: string, remembered: RememberedSource): string {
  const { identity, size } = remembered;
  if (identity === undefined || size === undefined) return path;
  if (isRight(path, remembered)) return path;
  // A disk that was pulled may have left a name behind which answers nothing.
  const found = findDevices({ identity, size }).filter((each) => isProved(each, remembered));
  return found.length === 1 ? (found[0] as string) : path;
}

function isProved(path: string, { look }: RememberedSource): boolean {
  const source = openFileSource(path, { direct: false });
  try {
    return look(source) === 'same';
  } finally {
    source.close();
  }
}

function isRight(path: string, { identity = {}, look }: RememberedSource): boolean {
  const stat = statOf(path);
  if (stat === undefined) return false;
  if (!stat.isBlockDevice()) return true;
  const source = openFileSource(path, { direct: false });
  try {
    if (sameByNumber(identity, source.identity)) return true;
    return sameIdentity(identity, source.identity) !== 'different' && look(source) !== 'different';
  } finally {
    source.close();
  }
}
