/** Actions that look at several maps, one after the other. */
import { RescueError } from '@chunkrescue/engine';
import type { Argv } from 'yargs';
import type { Context } from '../../context.ts';
import { EXIT, type ExitStatus, statusOf, worse } from '../../exit.ts';
import { type OutputArguments, withOutputOptions } from '../../options/shared.ts';

/** Maps, and whether a long list about one of them is told to its end. */
export interface MapListArguments extends OutputArguments {
  files: string[];
  all: boolean;
}

/** Lines of a list that are told without `--all`. */
export const LISTED_MAX = 20;

/** @param describe what `--all` does */
export function withMapList(argv: Argv, describe: string): Argv<MapListArguments> {
  const own = argv
    .positional('files', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Mapfiles',
    })
    .options({ all: { type: 'boolean', default: false, describe } });
  return withOutputOptions(own) as unknown as Argv<MapListArguments>;
}

/** Looks at one map after the other; a missing or damaged one is told of, and keeps none back. */
export function forEachMap(
  paths: readonly string[],
  context: Context,
  look: (path: string) => ExitStatus,
): ExitStatus {
  let status: ExitStatus = EXIT.rescued;
  for (const path of paths) {
    try {
      status = worse(status, look(path));
    } catch (error) {
      if (!(error instanceof RescueError)) throw error;
      const { code, message, hint } = error;
      context.report.error({ code, message, hint });
      status = worse(status, statusOf(error));
    }
  }
  return status;
}
