/** Domain maps for GNU ddrescue's `-m`, one a chunk. They are plans: nothing is ever recorded in them. */
import { closeSync, existsSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CHUNK_FORMAT,
  manifestComments,
  mapHeading,
  RescueError,
  type SourceIdentity,
  seal,
  systemClock,
} from '@chunkrescue/engine';
import { formatMapfile, RescueMap } from '@chunkrescue/mapfile';
import { UsageError } from '../../exit.ts';
import type { ReadLayout } from '../read-parts.ts';
import { refuseSameDisk } from '../source-guard.ts';
import type { PlanArguments } from './options.ts';
import type { PlannedChunk } from './plan.ts';

interface Planned {
  readonly layout: ReadLayout;
  readonly chunks: readonly PlannedChunk[];
  readonly source: { readonly identity: SourceIdentity };
  readonly commandLine: string;
}

const FILES_MAX = 10_000;

/**
 * Writes them where `--maps` says, and returns their paths. Nobody can write over them by mistake.
 * @throws RescueError `target-exists` before anything is written, or `map-write`
 */
export function writePlans(args: PlanArguments, planned: Planned): string[] {
  const folder = args.maps;
  if (folder === undefined) return [];
  refuseSameDisk(folder, args.source, { 'allow-same-disk': false });
  const { chunks } = planned;
  if (chunks.length > FILES_MAX) {
    throw new UsageError(
      `--maps: would write ${chunks.length} files; ${FILES_MAX} are the most. Give a larger --chunk-size.`,
    );
  }
  const files = chunks.map((chunk) => ({ chunk, path: join(folder, `${chunk.name}.plan.map`) }));
  const old = files.find(({ path }) => existsSync(path));
  if (old !== undefined) {
    throw new RescueError('target-exists', `${old.path} exists already; no plan was written.`, {
      path: old.path,
      hint: 'Plans are never written over. Give an empty directory, or remove the old plans.',
    });
  }
  for (const { chunk, path } of files) writePlan(path, textOf(chunk, planned));
  return files.map(({ path }) => path);
}

function textOf(
  { chunk, pos, size }: PlannedChunk,
  { layout, source, commandLine }: Planned,
): string {
  const { chunkSize, sourceSize } = layout;
  const { identity } = source;
  const map = RescueMap.ofOne(0, sourceSize);
  map.set(pos, pos + size, '+');
  const now = systemClock.wallTime();
  const comments = manifestComments({
    format: CHUNK_FORMAT,
    kind: 'plan',
    chunk,
    range: { pos, size },
    chunkSize,
    sourceSize,
    identity,
  });
  const message = 'Plan: + is to be read';
  const heading = mapHeading({ commandLine, startTime: now, now, message, comments });
  return seal(formatMapfile({ heading, position: 0, state: '+', pass: 1, map }));
}

function writePlan(path: string, text: string): void {
  try {
    const fd = openSync(path, 'wx', 0o444);
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new RescueError('map-write', `Can't write ${path} (${errno}).`, {
      path,
      errno,
      cause,
      hint: 'Make room there or give another directory with --maps; remove what was written so far.',
    });
  }
}
