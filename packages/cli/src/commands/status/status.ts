/** `rescue status`: how far a rescue is, from whatever of it is here, and what to do next. */
import {
  type FoundFiles,
  type FoundMap,
  type FoundTrouble,
  findFiles,
  type JobStatus,
  jobStatuses,
  RescueError,
  shellWord,
} from '@chunkrescue/engine';
import { OPEN_END } from '@chunkrescue/mapfile';
import type { Argv } from 'yargs';
import type { Context } from '../../context.ts';
import { EXIT, type ExitStatus, worse } from '../../exit.ts';
import { type OutputArguments, withOutputOptions } from '../../options/shared.ts';
import { asCalled } from '../../screen/own-command.ts';
import { bytes, percent } from '../../screen/units.ts';
import { nextSteps, type Step } from './next.ts';
import { jobRecord } from './record.ts';
import { jobLines } from './table.ts';

export interface StatusArguments extends OutputArguments {
  places: string[] | undefined;
  all: boolean;
}

export function statusOptions(argv: Argv): Argv<StatusArguments> {
  const own = argv
    .positional('places', {
      type: 'string',
      array: true,
      describe: 'Folders with chunks, common maps, images [default: this folder]',
    })
    .options({
      all: {
        type: 'boolean',
        default: false,
        describe: 'A line for each chunk, also where many are alike',
      },
    });
  return withOutputOptions(own)
    .example('$0 status ~/sdb1.map /media/stick', 'on the PC with the failing disk')
    .example('$0 status final.raw /media/stick', 'on the PC with the image')
    .strict() as unknown as Argv<StatusArguments>;
}

export async function status(args: StatusArguments, context: Context): Promise<ExitStatus> {
  const places = args.places === undefined || args.places.length === 0 ? ['.'] : args.places;
  const found = findFiles(places);
  const jobs = jobStatuses(found);
  const troubles = troublesOf(found);
  if (jobs.length === 0 && troubles.length === 0) throw nothingHere(places, found);
  for (const { code, message, hint } of args.json ? [] : troubles) {
    context.report.error({ code, message, hint });
  }
  const told = jobs.map((job) => ({ job, steps: nextSteps(job).map(copyable) }));
  const lines = told.map(({ job, steps }) => jobLines(job, { isAll: args.all, steps }).join('\n'));
  const record = { type: 'status', jobs: told.map(({ job, steps }) => jobRecord(job, steps)) };
  if (args.json || jobs.length > 0) {
    context.report.result({ ...record, troubles }, lines.join('\n\n'));
  }
  const isComplete = jobs.every(hasAll);
  const reached = isComplete ? EXIT.rescued : EXIT.incomplete;
  return troubles.length > 0 ? worse(reached, EXIT.corrupt) : reached;
}

/** With the program called as it is here. */
function copyable({ text, command }: Step): Step {
  return command === undefined ? { text } : { text, command: asCalled(command) };
}

function troublesOf({ chunks, troubles }: FoundFiles): FoundTrouble[] {
  const damaged = chunks.flatMap(({ path, trouble }) =>
    trouble === undefined ? [] : [{ path, ...trouble }],
  );
  return [...damaged, ...troubles];
}

/** Every byte is rescued, and is in the image. */
function hasAll({ chunks, totals, sourceSize }: JobStatus): boolean {
  return totals.rescued === sourceSize && chunks.every(({ merged }) => merged === 'done');
}

function nothingHere(places: readonly string[], { commons, chunks }: FoundFiles): RescueError {
  const [common] = commons;
  if (common !== undefined) return withoutRescue(common);
  const [plain] = chunks;
  const where = places.length === 1 && places[0] === '.' ? 'this folder' : places.join(', ');
  const hint =
    plain === undefined
      ? 'Give the stick, the common map (common.map unless --map said otherwise) or the image: rescue status /media/stick'
      : `${plain.path} does not say which rescue it is of; ddrescue may have written it. What it says: rescue map show ${plain.path}`;
  return new RescueError('map-read', `Nothing of a rescue is in ${where}.`, { hint });
}

/** A map of one image, which does not say of which rescue. All that it claims is told, so that nobody thinks it lost. */
function withoutRescue({ path, mapfile: { heading, map } }: FoundMap): RescueError {
  const isGnus = heading.some((line) => /GNU ddrescue/.test(line));
  const size =
    map.sizeOf('+') +
    (['?', '*', '/', '-'] as const).reduce((sum, status) => sum + map.sizeOf(status), 0);
  const whole =
    map.end < OPEN_END ? ` of ${size} bytes (${percent(map.sizeOf('+'), size)})` : ' bytes';
  const [, words] =
    heading
      .map((line) => /^# Command line: (?:\S*\/)?ddrescue ([\w@%+=:,./ -]+)$/.exec(line))
      .find((found) => found !== null) ?? [];
  const command = `rescue ddrescue ${words ?? `SOURCE IMAGE ${shellWord(path)}`}`;
  return new RescueError(
    'map-read',
    `${path} is a map ${isGnus ? 'that ddrescue wrote' : 'that rescue did not write'}: ${map.sizeOf('+')}${whole} rescued, ${bytes(map.sizeOf('-'))} unreadable. It does not say which rescue it is of, so rescue status knows no more.`,
    {
      path,
      hint: `The command that it was begun with goes on, here as: ${command}. All that the map says: rescue map show ${shellWord(path)}`,
    },
  );
}
