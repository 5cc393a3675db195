/** Every option of `rescue ddrescue`, one row each: the parser, `--help` and docs/options.md read this table. */
import { counter, flag, number, once, text, type ValuesOf } from '../options/row.ts';
import {
  areaLimit,
  errnoList,
  fillTypes,
  interval,
  logFile,
  mapIntervals,
  passRanges,
  pause,
  previewLines,
  sizeOrOutput,
  skipSizes,
} from './option-values.ts';

const BYTES = { shown: '<bytes>', unit: 'bytes' };
const COUNT = { shown: '<n>', min: 0 };
const MIB = 1024 * 1024;
const INT_MAX = 2 ** 31 - 1;
/** GNU says that fill and generate mode ignore the rest; the modes of a row say where it counts. */
const RESCUE = ['rescue'];
const COPIES = ['rescue', 'command'];
const WRITES = ['rescue', 'fill', 'command'];
/** What shows or logs a run; command mode talks to a program. */
const SHOWN = ['rescue', 'fill', 'generate'];

export const DDRESCUE_OPTIONS = {
  help: flag({ letter: 'h', help: 'display this help and exit' }),
  version: flag({ letter: 'V', help: 'output version information and exit' }),
  'min-read-rate': number({
    letter: 'a',
    shown: '<bytes>',
    unit: 'bytes/s (0: a tenth of the average)',
    min: 0,
    help: 'minimum read rate of good areas in bytes/s',
    modes: RESCUE,
  }),
  'try-again': flag({
    letter: 'A',
    help: 'mark non-trimmed, non-scraped as non-tried',
    modes: RESCUE,
  }),
  'sector-size': number({
    letter: 'b',
    ...BYTES,
    unit: 'size in bytes',
    min: 1,
    max: 256 * MIB,
    help: 'sector size of input device [default 512]',
    ownHelp: "bytes of a sector [default: the device's]",
  }),
  'binary-prefixes': flag({
    letter: 'B',
    help: 'show binary multipliers in numbers [SI]',
    modes: SHOWN,
  }),
  'cluster-size': number({
    letter: 'c',
    shown: '<sectors>',
    unit: 'sectors',
    min: 1,
    max: INT_MAX,
    help: 'sectors to copy at a time [64 KiB / sector size]',
    ownHelp: 'sectors to copy at a time [default: 64 KiB]',
  }),
  'complete-only': flag({
    letter: 'C',
    help: "don't read new data beyond mapfile limits",
    modes: COPIES,
  }),
  idirect: flag({
    letter: 'd',
    help: 'use direct disc access for input file',
    modes: COPIES,
  }),
  odirect: flag({ letter: 'D', help: 'use direct disc access for output file', modes: WRITES }),
  'max-bad-areas': areaLimit({
    letter: 'e',
    shown: '[+]<n>',
    help: 'maximum number of [new] bad areas allowed',
    modes: RESCUE,
  }),
  'max-error-rate': number({
    letter: 'E',
    shown: '<bytes>',
    unit: 'bytes/s',
    min: 0,
    help: 'maximum allowed rate of read errors per second',
    modes: RESCUE,
  }),
  force: flag({ letter: 'f', help: 'overwrite output device or partition' }),
  'fill-mode': fillTypes({
    letter: 'F',
    shown: '<types>',
    help: 'fill blocks of given types with data (?*/-+l)',
    modes: ['fill'],
  }),
  'generate-mode': flag({
    letter: 'G',
    help: 'generate approximate mapfile from partial copy',
    modes: ['generate'],
  }),
  'test-mode': once({
    letter: 'H',
    shown: '<file>',
    help: 'set map of good/bad blocks from given mapfile',
    modes: COPIES,
  }),
  'input-position': number({
    letter: 'i',
    ...BYTES,
    min: 0,
    help: 'starting position of domain in input file [0]',
  }),
  'check-input-size': flag({
    letter: 'I',
    help: 'compare input file size with size in mapfile',
    modes: COPIES,
  }),
  'check-on-error': flag({
    letter: 'J',
    help: 'reread latest good sector after every error',
    modes: COPIES,
  }),
  'skip-size': skipSizes({
    letter: 'K',
    shown: '[<i>][,<max>]',
    help: 'initial,maximum size to skip on read error',
    modes: RESCUE,
  }),
  'loose-domain': flag({ letter: 'L', help: 'accept unordered domain mapfile with gaps' }),
  'domain-mapfile': once({
    letter: 'm',
    shown: '<file>',
    help: 'restrict domain to finished blocks in <file>',
  }),
  retrim: flag({ letter: 'M', help: 'mark some failed blocks as non-trimmed', modes: RESCUE }),
  'no-scrape': flag({ letter: 'n', help: 'skip the scraping phase', modes: RESCUE }),
  'no-sweep': flag({ letter: 'N', help: 'skip the sweeping phase', modes: RESCUE }),
  'no-trim': flag({ help: 'skip the trimming phase', modes: RESCUE }),
  'output-position': number({
    letter: 'o',
    ...BYTES,
    min: 0,
    help: 'starting position in output file [ipos]',
  }),
  'reopen-on-error': flag({
    letter: 'O',
    help: 'reopen input file after every read error',
    modes: COPIES,
  }),
  preallocate: flag({
    letter: 'p',
    help: 'preallocate space on disc for output file',
    modes: COPIES,
  }),
  'data-preview': previewLines({
    letter: 'P',
    shown: '<lines>',
    help: 'show some lines of the latest data read [3]',
    modes: RESCUE,
  }),
  quiet: flag({ letter: 'q', help: 'suppress all messages' }),
  'retry-passes': number({
    letter: 'r',
    shown: '<n>',
    unit: 'passes (-1: for ever)',
    min: -1,
    max: 1_000_000,
    help: 'exit after <n> retry passes (-1=infinity) [0]',
    modes: RESCUE,
  }),
  reverse: flag({ letter: 'R', help: 'reverse the direction of all passes', modes: RESCUE }),
  size: sizeOrOutput({
    letter: 's',
    shown: '<bytes>',
    help: 'maximum size of input data to be copied',
  }),
  sparse: flag({ letter: 'S', help: 'use sparse writes for output file', modes: COPIES }),
  truncate: flag({ letter: 't', help: 'truncate output file to zero size', modes: COPIES }),
  timeout: interval({
    letter: 'T',
    shown: '<interval>',
    help: 'maximum time since last successful read',
    modes: RESCUE,
  }),
  unidirectional: flag({
    letter: 'u',
    help: 'run all passes in the same direction',
    modes: RESCUE,
  }),
  verbose: counter({ letter: 'v', help: 'be verbose (a 2nd -v gives more)' }),
  'ignore-write-errors': flag({
    letter: 'w',
    help: 'make fill mode ignore write errors',
    modes: ['fill'],
  }),
  'compare-before-write': flag({
    letter: 'W',
    help: 'omit superfluous writes in rescue mode',
    modes: COPIES,
  }),
  'extend-outfile': number({
    letter: 'x',
    ...BYTES,
    min: 0,
    help: 'extend outfile size to be at least this long',
    modes: RESCUE,
  }),
  'max-read-errors': number({
    letter: 'X',
    ...COUNT,
    unit: 'read errors',
    help: 'maximum number of read errors allowed',
    modes: RESCUE,
  }),
  synchronous: flag({
    letter: 'y',
    help: 'use synchronous writes for output file',
    modes: WRITES,
  }),
  'max-read-rate': number({
    letter: 'Z',
    shown: '<bytes>',
    unit: 'bytes/s',
    min: 1,
    help: 'maximum read rate in bytes/s',
    modes: COPIES,
  }),
  ask: flag({ help: 'ask for confirmation before starting the copy', modes: COPIES }),
  'bad-sector-data': text({
    shown: '<file>',
    help: 'treat sectors with <file> data as read errors',
    modes: COPIES,
  }),
  'command-mode': flag({ help: 'execute commands from standard input', modes: ['command'] }),
  'continue-on-errno': errnoList({
    shown: '<n>[,<n>]',
    help: 'treat errno code <n> as non-fatal',
    modes: COPIES,
  }),
  cpass: passRanges({
    shown: '<range>',
    help: 'select what copying pass(es) to run',
    modes: RESCUE,
  }),
  'delay-slow': interval({
    shown: '<interval>',
    help: 'initial delay before checking slow reads [30]',
    modes: RESCUE,
  }),
  'log-events': logFile({
    shown: '<file>',
    help: 'log significant events in <file>',
    modes: RESCUE,
  }),
  'log-rates': logFile({
    shown: '<file>',
    help: 'log rates and error sizes in <file>',
    modes: RESCUE,
  }),
  'log-reads': logFile({
    shown: '<file>',
    help: 'log all read operations in <file>',
    modes: RESCUE,
  }),
  'mapfile-interval': mapIntervals({
    shown: '[i][,i]',
    help: 'save/sync mapfile at given interval [auto]',
  }),
  'max-slow-reads': number({
    ...COUNT,
    unit: 'slow reads',
    help: 'maximum number of slow reads allowed',
    modes: RESCUE,
  }),
  'pause-on-error': pause({
    shown: '<interval>',
    help: 'time to wait after each read error [0]',
    modes: RESCUE,
  }),
  'pause-on-pass': interval({
    shown: '<interval>',
    help: 'time to wait between passes [0]',
    modes: RESCUE,
  }),
  'reset-slow': flag({ help: 'reset slow reads if rate rises above min', modes: RESCUE }),
  'same-file': flag({
    help: 'allow infile and outfile to be the same file',
    modes: COPIES,
  }),
  'trust-outfile': flag({
    isOurs: true,
    help: 'believe the mapfile though the output is missing or short',
    modes: COPIES,
  }),
  'accept-short-infile': flag({
    isOurs: true,
    help: 'finish although the input ends before its size',
    modes: COPIES,
  }),
  'force-mounted': flag({
    isOurs: true,
    help: 'with --force, overwrite a device even if in use',
    modes: WRITES,
  }),
  'trust-errors': flag({
    isOurs: true,
    help: 'mark errors even if nothing at all can be read',
    ownHelp: 'Count errors as bad sectors even when nothing at all can be read',
    modes: RESCUE,
  }),
  'no-lock': flag({
    isOurs: true,
    help: 'do not keep other runs off the mapfile and output',
  }),
} as const;

export type DdrescueValues = ValuesOf<typeof DDRESCUE_OPTIONS>;
