/** The options of `ddrescuelog`, and what they say together. */
import { type BlockStatus, isBlockStatus } from '@chunkrescue/mapfile';
import { UsageError } from '../exit.ts';
import type { ValuesOf } from '../options/row.ts';
import { counter, flag, number, type OptionRow, once, text } from '../options/row.ts';
import { parseTestDisk } from './log-make-test.ts';

const INT_MAX = 2 ** 31 - 1;

/** How sectors are listed. */
export type ListFormat = 'list' | 'bitmap-be' | 'bitmap-le';

const FORMATS: Readonly<Record<string, ListFormat>> = {
  list: 'list',
  bitmap: 'bitmap-le',
  'bitmap-be': 'bitmap-be',
  'bitmap-le': 'bitmap-le',
};

/** `-a`: the status that each status becomes; those without stay. */
export type StatusChange = Readonly<Partial<Record<BlockStatus, BlockStatus>>>;

type Row = Pick<OptionRow, 'letter' | 'help' | 'shown'>;

/** An option with an argument of its own form. */
function custom<Value>(
  argument: 'required' | 'optional',
  row: Row,
  parse: (text: string, option: string) => Value,
): OptionRow<Value> {
  return {
    ...row,
    argument,
    // An option without its value leaves what an earlier one said.
    parse: (value = '', { option, previous }) =>
      value === '' && previous !== undefined ? previous : parse(value, option),
  };
}

const MAPFILE = '<file>';

const BLOCK_SIZE = number({
  letter: 'b',
  shown: '<bytes>',
  help: 'block (sector) size for the options behind it [512]',
  unit: 'size in bytes',
  min: 1,
  max: INT_MAX,
});

function withoutLetter({ letter: _, ...row }: typeof BLOCK_SIZE): typeof BLOCK_SIZE {
  return { ...row, help: 'the same as --block-size' };
}

/** Every option, in the order of `--help`. */
export const LOG_OPTIONS = {
  help: flag({ letter: 'h', help: 'display this help and exit' }),
  version: flag({ letter: 'V', help: 'output version information and exit' }),
  'change-types': custom(
    'required',
    { letter: 'a', shown: '<old>,<new>', help: 'change the types of blocks, as tr does' },
    parseChange,
  ),
  'annotate-mapfile': flag({ letter: 'A', help: 'add readable positions and sizes as comments' }),
  'block-size': BLOCK_SIZE,
  'binary-prefixes': flag({ letter: 'B', help: 'show sizes in powers of 1024 [1000]' }),
  'create-mapfile': custom(
    'optional',
    { letter: 'c', shown: '<types>', help: 'create mapfile from a list of sectors on stdin [+-]' },
    parseListed,
  ),
  'complete-mapfile': custom(
    'optional',
    { letter: 'C', shown: '<type>', help: 'fill the gaps of mapfile with blocks of a type [?]' },
    (value, option) => parseTypes(value, option, 1)[0] ?? '?',
  ),
  'delete-if-done': flag({ letter: 'd', help: 'delete mapfile if everything is rescued' }),
  'done-status': flag({ letter: 'D', help: 'exit with 0 if everything is rescued' }),
  force: flag({ letter: 'f', help: 'overwrite an existing mapfile' }),
  format: custom(
    'required',
    {
      letter: 'F',
      shown: '<name>',
      help: 'format for -c and -l: list, bitmap, bitmap-be, bitmap-le',
    },
    parseFormat,
  ),
  'make-test': custom(
    'required',
    {
      letter: 'H',
      shown: '<C:H:S:order:head>',
      help: 'create a mapfile that simulates a bad head',
    },
    parseTestDisk,
  ),
  'input-position': number({
    letter: 'i',
    shown: '<bytes>',
    help: 'start of the rescue domain [0]',
    unit: 'bytes',
    min: 0,
  }),
  'list-blocks': custom(
    'required',
    { letter: 'l', shown: '<types>', help: 'print the numbers of the blocks of these types' },
    (value, option) => parseTypes(value, option, value.length),
  ),
  'loose-domain': flag({ letter: 'L', help: 'accept a domain mapfile with gaps, in any order' }),
  'domain-mapfile': once({
    letter: 'm',
    shown: MAPFILE,
    help: 'restrict the domain to the finished blocks of a mapfile',
  }),
  'invert-mapfile': flag({ letter: 'n', help: 'make finished blocks bad, and others finished' }),
  'output-position': number({
    letter: 'o',
    shown: '<bytes>',
    help: 'where the domain starts in the output [as -i]',
    unit: 'bytes',
    min: 0,
  }),
  'compare-mapfile': text({ letter: 'p', shown: MAPFILE, help: 'compare types in the domain' }),
  'compare-as-domain': text({ letter: 'P', shown: MAPFILE, help: 'compare finished blocks only' }),
  quiet: flag({ letter: 'q', help: 'suppress all messages' }),
  size: number({
    letter: 's',
    shown: '<bytes>',
    help: 'largest size of the rescue domain [-1, no limit]',
    unit: 'bytes',
    min: -1,
  }),
  // Another name of -b; a row of its own, since messages say which of the names was given.
  'sector-size': withoutLetter(BLOCK_SIZE),
  'show-status': flag({ letter: 't', help: 'show a summary of each mapfile' }),
  verbose: counter({ letter: 'v', help: 'tell more' }),
  'xor-mapfile': text({
    letter: 'x',
    shown: MAPFILE,
    help: 'finished in one mapfile, not in both',
  }),
  'and-mapfile': text({ letter: 'y', shown: MAPFILE, help: 'finished in both mapfiles' }),
  'or-mapfile': text({ letter: 'z', shown: MAPFILE, help: 'finished in either mapfile' }),
  shift: flag({ help: 'shift all blocks by (-o minus -i)' }),
};

export type LogValues = ValuesOf<typeof LOG_OPTIONS>;

const OPERATIONS = {
  'change-types': 'change-types',
  'annotate-mapfile': 'annotate-mapfile',
  'create-mapfile': 'create-mapfile',
  'complete-mapfile': 'complete-mapfile',
  'delete-if-done': 'delete-if-done',
  'done-status': 'done-status',
  'make-test': 'make-test',
  'list-blocks': 'list-blocks',
  'invert-mapfile': 'invert-mapfile',
  'compare-mapfile': 'compare',
  'compare-as-domain': 'compare',
  'show-status': 'show-status',
  'xor-mapfile': 'xor-mapfile',
  'and-mapfile': 'and-mapfile',
  'or-mapfile': 'or-mapfile',
  shift: 'shift',
} as const;

export type LogOperation = (typeof OPERATIONS)[keyof typeof OPERATIONS];

/** The operation that an option asks for; undefined when it only says how. */
export function operationOf(option: string): LogOperation | undefined {
  return Object.hasOwn(OPERATIONS, option)
    ? OPERATIONS[option as keyof typeof OPERATIONS]
    : undefined;
}

function parseChange(value: string, option: string): StatusChange {
  const [old = '', ...rest] = value.split(',');
  if (rest.length > 1) throw refusal(value, 'Too many commas in argument of', option);
  const next = rest[0] ?? '';
  if (old === '' || next === '' || ![...old, ...next].every(isBlockStatus)) {
    throw refusal(value, 'Invalid type in argument of', option);
  }
  const change: Partial<Record<BlockStatus, BlockStatus>> = {};
  for (const [i, from] of [...old].entries()) {
    change[from as BlockStatus] ??= next[Math.min(i, next.length - 1)] as BlockStatus;
  }
  return change;
}

function parseTypes(value: string, option: string, most: number): BlockStatus[] {
  const types = [...value].filter(isBlockStatus);
  if (types.length === value.length && types.length <= most) return types;
  throw refusal(value, 'Invalid type in argument of', option);
}

/** Status of the blocks in a list, and of the rest. */
function parseListed(value: string, option: string): readonly [BlockStatus, BlockStatus] {
  const [listed = '+', other = '-'] = parseTypes(value, option, 2);
  if (value.length === 2 && listed === other) {
    throw refusal(value, 'Invalid type in argument of', option);
  }
  return [listed, other];
}

function parseFormat(value: string, option: string): ListFormat {
  const format = Object.hasOwn(FORMATS, value) ? FORMATS[value] : undefined;
  if (format === undefined) throw refusal(value, 'Invalid format name in', option);
  return format;
}

function refusal(value: string, what: string, option: string): UsageError {
  return new UsageError(`'${value}': ${what} option '${option}'.`);
}
