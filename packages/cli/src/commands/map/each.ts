import { RescueError } from '@chunkrescue/engine';
import type { Context } from '../../context.ts';
import { EXIT, type ExitStatus, statusOf, worse } from '../../exit.ts';

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
