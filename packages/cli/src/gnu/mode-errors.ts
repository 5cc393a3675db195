/** The sentences in which ddrescue's special modes tell of trouble. */
import type { RescueError } from '@chunkrescue/engine';
import { reasonInC } from './c-errors.ts';
import { GnuError } from './io.ts';

/** What ddrescue says when the target or the map's place does not take what it is given. */
export function modeError(
  error: RescueError,
  names: { infile: string; outfile: string },
): GnuError {
  const { infile, outfile } = names;
  switch (error.code) {
    case 'target-write':
      return new GnuError(`${outfile}: Write error: ${reasonInC(error)}`);
    case 'target-sync':
      return new GnuError(`${outfile}: Error fsyncing output file: ${reasonInC(error)}`);
    case 'source-read':
    case 'source-lost':
      return new GnuError(`${infile}: Fatal error reading the input file: ${reasonInC(error)}`);
    case 'map-write':
      return new GnuError(error.message);
    default:
      return new GnuError(error.message, { status: error.code === 'map-corrupt' ? 2 : 1 });
  }
}
