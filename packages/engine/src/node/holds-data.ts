import { statOf } from './paths.ts';

/** Whether a regular file has a byte that somebody wrote; one that is all hole has none, nor has a device. */
export function holdsData(path: string): boolean {
  const stat = statOf(path);
  return stat?.isFile() === true && stat.size > 0 && stat.blocks > 0;
}
