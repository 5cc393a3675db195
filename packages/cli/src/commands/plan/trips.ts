/** What of a plan fits on a stick, and how often the stick must travel. */
import type { Layout } from '@chunkrescue/engine';
import type { Mapfile } from '@chunkrescue/mapfile';
import type { Context } from '../../context.ts';
import { Reporter } from '../../screen/reporter.ts';
import { type ReadLayout, unreadParts } from '../read-parts.ts';
import { lookForRoom, partsThatFit } from '../read-room.ts';
import type { PlannedRead } from './options.ts';

/** Sizes are bytes. */
export interface Trips {
  /** Of the file system, where known. */
  readonly type: string | null;
  readonly freeBytes: number;
  readonly layout: Layout;
  /** Chunks that are still to be read. */
  readonly unread: number;
  /** Those of them that fit now. */
  readonly fitting: number;
  /** If there is as much room each time. */
  readonly trips: number;
}

/** Asks the folder as `rescue read --fit` would. @throws RescueError `no-room` when not one chunk fits */
export function countTrips(
  args: PlannedRead,
  plan: { readonly layout: ReadLayout; readonly mapfile: Mapfile | undefined },
  context: Context,
): Trips {
  const room = lookForRoom(args, plan.layout, context);
  const parts = [...unreadParts(args, plan)];
  // What it would say while reading is told in the plan's own words.
  const report = new Reporter({ verbosity: 0, isJson: false, log: undefined });
  const fitting =
    parts.length === 0
      ? 0
      : partsThatFit(parts, { room, out: args.out }, { ...context, report }).length;
  const { type = null, freeBytes } = room.facts;
  const trips = fitting === 0 ? 0 : Math.ceil(parts.length / fitting);
  return { type, freeBytes, layout: room.layout, unread: parts.length, fitting, trips };
}
