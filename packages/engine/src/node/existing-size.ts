import { openFileSource } from './file-source.ts';
import { statOf } from './paths.ts';

/** Bytes of a file or device, or undefined when there is nothing of that name. */
export function existingSize(path: string): number | undefined {
  const stat = statOf(path);
  if (stat === undefined) return undefined;
  if (!stat.isBlockDevice()) return stat.size;
  const device = openFileSource(path, { direct: false });
  try {
    return device.size ?? 0;
  } finally {
    device.close();
  }
}
