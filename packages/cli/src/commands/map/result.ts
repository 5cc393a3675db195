/** What becomes of a map that was made: text on stdout, a JSON document, or a durable file. */
import { existsSync } from 'node:fs';
import {
  assertDistinctFiles,
  fileMapStore,
  finalPath,
  lockFile,
  mapHeading,
  RescueError,
  systemClock,
} from '@chunkrescue/engine';
import { formatMapfile, type Mapfile, type RescueMap } from '@chunkrescue/mapfile';
import type { Argv } from 'yargs';
import type { Context } from '../../context.ts';
import { EXIT, type ExitStatus } from '../../exit.ts';
import { type OutputArguments, withOutputOptions } from '../../options/shared.ts';
import { percent, printable } from '../../screen/units.ts';
import { areasOf, type MapFacts, mapFacts } from './facts.ts';
import { extent } from './text.ts';

export interface ResultArguments extends OutputArguments {
  output: string | undefined;
  force: boolean;
}

/** A map that was made. */
export interface MapResult {
  /** What made it, for the JSON document. */
  readonly action: string;
  /** The files it was made from. */
  readonly inputs: readonly string[];
  readonly mapfile: Mapfile;
}

export function withResultOptions<T>(argv: Argv<T>): Argv<T & ResultArguments> {
  const own = argv.options({
    output: {
      alias: 'o',
      type: 'string',
      requiresArg: true,
      describe: 'Write the map to FILE [default: stdout]',
    },
    force: { type: 'boolean', default: false, describe: 'Replace FILE if it exists' },
  });
  return withOutputOptions(own) as unknown as Argv<T & ResultArguments>;
}

/** A new map of which no run knows yet: rescuing with it begins with the first phase. */
export function freshMapfile(map: RescueMap): Mapfile {
  const isFinished = map.count > 0 && map.sizeOf('+') === map.end - map.start;
  return { heading: [], position: map.start, state: isFinished ? '+' : '?', pass: 1, map };
}

/** @throws RescueError when the file exists, is an input, or cannot be written */
export function giveMap(result: MapResult, args: ResultArguments, context: Context): ExitStatus {
  const now = systemClock.wallTime();
  const { commandLine, report } = context;
  const heading = mapHeading({ commandLine, startTime: now, now, message: undefined });
  const mapfile = { ...result.mapfile, heading };
  const facts = mapFacts(mapfile);
  const { action } = result;
  const { output } = args;
  if (output !== undefined) {
    save(mapfile, output, { inputs: result.inputs, log: args.log, isForced: args.force });
    const record = { type: 'map', action, output, ...facts };
    report.result(record, `${printable(output)}: covers ${extent(facts)}${finished(facts)}`);
  } else if (args.json) {
    report.result({ type: 'map', action, ...facts, blocks: [...areasOf(mapfile.map)] }, '');
  } else {
    report.product(formatMapfile(mapfile));
  }
  return EXIT.rescued;
}

interface Saving {
  readonly inputs: readonly string[];
  readonly log: string | undefined;
  readonly isForced: boolean;
}

function save(mapfile: Mapfile, output: string, { inputs, log, isForced }: Saving): void {
  const others = [
    ...inputs.map((path) => ({ role: 'map', path })),
    ...(log === undefined ? [] : [{ role: 'log', path: log }]),
  ];
  // Two inputs may be one file; what is written, and the copy it leaves, may be none of them.
  for (const other of others) {
    assertDistinctFiles([other, { role: 'output', path: output }]);
    assertDistinctFiles([other, { role: "output's backup", path: `${finalPath(output)}.bak` }]);
  }
  const lock = lockFile(output);
  try {
    if (existsSync(output) && !isForced) {
      throw new RescueError('target-exists', `${output} exists already.`, {
        path: output,
        hint: 'Choose another name, or give --force to replace it.',
      });
    }
    fileMapStore(output).save(mapfile);
  } finally {
    lock.close();
  }
}

function finished({ size, statuses }: MapFacts): string {
  const row = statuses.find(({ status }) => status === '+');
  if (!size || row === undefined || row.size === null) return '';
  return `, ${percent(row.size, size)} finished`;
}
