/** What stands around the options in `rescue ddrescue --help`. */

export const DDRESCUE_INTRO: readonly string[] = [
  'rescue ddrescue takes the command lines of GNU ddrescue 1.30 and does the same: it copies data from one file',
  'or block device to another and rescues the good parts first in case of read errors.',
  '',
  'Always use a mapfile: without one a rescue cannot be resumed, only begun anew. Do not give the mapfile of',
  'another rescue by mistake, and look at the device names again after a reboot.',
  "Options '-F' and '-G' do other things than rescuing; read docs/options.md first.",
  '',
  'Usage: rescue ddrescue [options] infile outfile [mapfile]',
  '',
  'Options:',
];

export const DDRESCUE_EPILOGUE: readonly string[] = [
  '',
  'Numbers may be in decimal, hexadecimal, or octal, may contain underscore separators between groups of digits,',
  "and may be followed by a SI or binary multiplier and 's' for sectors: 1_234_567kB, 4Kis, 0x1234_5678, 07_777.",
  "In rescue mode, '--size=output' uses the size of the output file or device.",
  'Time intervals have the format 1[.5][smhd] or 1/2[smhd].',
  '',
  'Exit status: 0 for a normal exit, 1 for environmental problems (file not found, invalid command-line options,',
  'I/O errors, etc), 2 for a corrupt or invalid input file, 3 for a fault of this program.',
  '',
  'Where it differs from ddrescue on purpose: docs/differences.md',
];
