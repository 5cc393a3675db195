import { RescueError } from '../errors.ts';
import { type FileSource, type FileSourceOptions, openFileSource } from './file-source.ts';

/** A file whose reads go to the medium where the system can do that, and whether they do. */
export interface PastCache {
  readonly source: FileSource;
  readonly isPastCache: boolean;
}

/** Opens a file or device for direct reads, or for common ones where those are not possible. @throws RescueError `source-open` */
export function openPastCache(
  path: string,
  options: Pick<FileSourceOptions, 'patient'> = {},
): PastCache {
  try {
    return { source: openFileSource(path, { ...options, direct: true }), isPastCache: true };
  } catch (error) {
    if (!(error instanceof RescueError) || error.code !== 'direct-unsupported') throw error;
  }
  return { source: openFileSource(path, { ...options, direct: false }), isPastCache: false };
}
