/** Options that more than one command has: declared once, read once. */
import type { DirectReading, FileRescueJob } from '@chunkrescue/engine';
import type { Argv, Options } from 'yargs';
import { UsageError } from '../exit.ts';
import { DDRESCUE_OPTIONS } from '../gnu/ddrescue-options.ts';
import { DIRECT_WORDS } from './direct.ts';
import type { OptionRow } from './row.ts';
import { parseSize } from './size.ts';

/** How to show what happens. */
export interface OutputArguments {
  quiet: boolean;
  verbose: number;
  json: boolean;
  log: string | undefined;
}

/** How to read. */
export interface EngineArguments {
  'sector-size': string | undefined;
  'cluster-size': string | undefined;
  'retry-passes': string | undefined;
  'no-scrape': boolean;
  'no-sweep': boolean;
  direct: DirectReading;
  'test-mode': string | undefined;
  wait: boolean;
  'trust-errors': boolean;
}

export function withOutputOptions<T>(argv: Argv<T>): Argv<T & OutputArguments> {
  return argv.options({
    quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Only errors' },
    verbose: { alias: 'v', type: 'count', describe: 'Tell more' },
    json: { type: 'boolean', default: false, describe: 'Results as JSON lines on stdout' },
    log: {
      type: 'string',
      requiresArg: true,
      describe: 'Append a log of events (JSON lines) to FILE',
    },
  }) as unknown as Argv<T & OutputArguments>;
}

export function withEngineOptions<T>(argv: Argv<T>): Argv<T & EngineArguments> {
  return argv.options({
    ...fromTable(
      'sector-size',
      'cluster-size',
      'retry-passes',
      'no-scrape',
      'no-sweep',
      'test-mode',
      'trust-errors',
    ),
    wait: {
      type: 'boolean',
      default: false,
      describe: 'When the source goes away, wait until it is back, and go on',
    },
    direct: {
      alias: 'd',
      choices: DIRECT_WORDS,
      requiresArg: true,
      default: 'auto',
      describe:
        'Read past the cache. auto: where something failed; -d alone: always (exact, but slower)',
    },
  }) as unknown as Argv<T & EngineArguments>;
}

/** The rows that our commands share with `rescue ddrescue`, as yargs wants them. */
function fromTable(...names: (keyof typeof DDRESCUE_OPTIONS)[]): Record<string, Options> {
  const entries = names.map((name): [string, Options] => {
    const row: OptionRow = DDRESCUE_OPTIONS[name] as OptionRow;
    const describe = row.ownHelp ?? row.help;
    const alias = row.letter === undefined ? {} : { alias: row.letter };
    const kind: Options =
      row.argument === 'none'
        ? { type: 'boolean', default: false }
        : { type: 'string', requiresArg: true };
    return [name, { ...alias, ...kind, describe }];
  });
  return Object.fromEntries(entries);
}

const MEBI = 1024 * 1024;

/** Bytes of a sector as `-b` says. @throws UsageError */
export function askedSector(args: Pick<EngineArguments, 'sector-size'>): number | undefined {
  const text = args['sector-size'];
  if (text === undefined) return undefined;
  return parseSize(text, { option: '--sector-size', min: 1, max: 256 * MEBI });
}

/** What the options say of a source that goes away. */
export function careOf(
  args: Pick<EngineArguments, 'wait' | 'trust-errors'>,
): Pick<FileRescueJob, 'waits' | 'trustsErrors'> {
  return { waits: args.wait, trustsErrors: args['trust-errors'] };
}

/** The engine's settings that the options ask for. @throws UsageError */
export function engineSettings(
  args: EngineArguments,
  source: { readonly sectorSize: number },
): FileRescueJob['settings'] {
  const sectorSize = askedSector(args) ?? source.sectorSize;
  if (args.direct === 'always' && sectorSize % source.sectorSize !== 0) {
    throw new UsageError(
      `--sector-size: ${sectorSize} is not a multiple of the device's sector of ${source.sectorSize} bytes.`,
    );
  }
  const clusters = args['cluster-size'];
  const clusterSize =
    clusters === undefined
      ? undefined
      : sectorSize * parseSize(clusters, { option: '--cluster-size', min: 1, max: 2147483647 });
  if (clusterSize !== undefined && clusterSize > 1024 * MEBI) {
    throw new UsageError(
      `--cluster-size: ${clusterSize} bytes are more than 1 GiB; it counts sectors.`,
    );
  }
  const retries = parseSize(args['retry-passes'] ?? '0', { option: '--retry-passes', min: -1 });
  return {
    sectorSize,
    ...(clusterSize === undefined ? {} : { clusterSize }),
    retryPasses: retries < 0 ? Number.POSITIVE_INFINITY : retries,
    scrapes: !args['no-scrape'],
    sweeps: !args['no-sweep'],
  };
}
