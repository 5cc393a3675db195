/** The mapfile of a ddrescue run: read before, saved meanwhile, and what to do when it cannot be saved. */
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  type Clock,
  type FileMapStore,
  fileMapStore,
  finalPath,
  type MapStore,
  mapHeading,
  type Rescue,
  RescueError,
  renewMapElsewhere,
  saveMapElsewhere,
  shellQuoted,
  statOf,
  type TroubleAnswer,
} from '@chunkrescue/engine';
import { type Mapfile, mapfileParts } from '@chunkrescue/mapfile';
import { reasonInC } from './c-errors.ts';
import { GnuError, type GnuIo, type TalkingIo } from './io.ts';
import type { MapReader } from './log-map.ts';
import type { MapIntervals } from './option-values.ts';

/** An earlier map, undefined when there is no file. @throws GnuError */
export function readRescueMap(path: string | undefined, reader: MapReader): Mapfile | undefined {
  if (path === undefined) return undefined;
  if (path === '-') return reader.read('-').mapfile;
  if (statOf(path) === undefined) return undefined;
  return reader.read(path).mapfile;
}

/** @throws GnuError when a map could be read but not be saved again */
export function refuseReadOnlyMap(path: string | undefined): void {
  if (path === undefined) return;
  if (path === '-') throw new GnuError('(stdout): Mapfile is not writable.');
  if (statOf(path) === undefined) return;
  try {
    closeSync(openSync(path, 'r+'));
  } catch {
    throw new GnuError(`${path}: Mapfile is not writable.`);
  }
  try {
    accessSync(dirname(finalPath(path)), constants.W_OK);
  } catch {
    throw new GnuError(
      `${path}: Mapfile is not writable: its folder takes no new file, and a map is never written over.`,
    );
  }
}

const SYNC_S = 300;
const RETRIES_MAX = 1000;

/**
 * The store of a run. Every save is durable; `.bak` is renewed when ddrescue would, that is, when the save
 * before was one of those it makes durable.
 */
export function gnuMapStore(
  path: string,
  how: {
    readonly io: TalkingIo;
    readonly intervals: MapIntervals | undefined;
    /** Whether trouble may be talked over on standard input. Default true. */
    readonly asks?: boolean;
    /** Room for a map is kept until the store is closed. Default false. */
    readonly keepsSpare?: boolean;
  },
): FileMapStore {
  const { io, intervals, asks = true, keepsSpare = false } = how;
  const backup = backupRule(io.clock, (intervals?.syncS ?? SYNC_S) * 1000);
  const file = fileMapStore(path, { keepsBackup: backup, keepsSpare, parts: gnuParts });
  // Now: a stick that is pulled may take the current folder with it.
  const whole = resolve(path);
  let isNew = statOf(path) === undefined;
  let ending: Ending | undefined;
  const end = (how: Ending): GnuError => {
    ending = how;
    return how.error;
  };
  return {
    name: path,
    load: () => undefined,
    close: () => file.close(),
    save(mapfile) {
      for (let tries = 0; tries < RETRIES_MAX; tries++) {
        try {
          file.save(mapfile);
          isNew = false;
          // What the user was told to copy back must claim no more than this one.
          if (ending !== undefined) renewCopy(ending, mapfile);
          return;
        } catch (error) {
          if (!(error instanceof RescueError)) throw error;
          if (isNew) throw new GnuError(`${path}: Can't create mapfile: ${reasonInC(error)}`);
          if (!asks) throw new GnuError(`${path}: Error writing mapfile: ${reasonInC(error)}`);
          if (ending !== undefined) {
            renewCopy(ending, mapfile);
            throw ending.error;
          }
          const answer = askWhatNow(io, path, error);
          if (answer === 'quit') throw end(notSaved(path));
          if (answer === 'elsewhere') throw end(saveElsewhere(io, { path, whole, mapfile }));
        }
      }
      throw end(saveElsewhere(io, { path, whole, mapfile }));
    },
  };
}

/** Saves a map that no phase has to do with: a new one, or one that is told to be saved. */
export function saveNewMap(store: MapStore, rescue: Rescue, io: GnuIo): void {
  const { position, state, pass, map } = rescue;
  const now = io.clock.wallTime();
  const { commandLine } = io;
  const heading = mapHeading({ commandLine, startTime: now, now, message: undefined });
  void store.save({ heading, position, state, pass, map });
}

function backupRule(clock: Clock, syncMs: number): () => boolean {
  let syncedMs = clock.now();
  let wasSynced = false;
  return () => {
    const isDue = wasSynced;
    wasSynced = clock.now() - syncedMs >= syncMs;
    if (wasSynced) syncedMs = clock.now();
    return isDue;
  };
}

/** As GNU writes a map without any byte in it: one block of none. */
function* gnuParts(mapfile: Mapfile): IterableIterator<string | Uint8Array> {
  yield* mapfileParts(mapfile);
  if (mapfile.map.count === 0) yield '0x00000000  0x00000000  ?\n';
}

/**
 * GNU's question. The end of the input is taken for E, where GNU asks for ever, and so is a signal, which ends the
 * run: nothing that was read is forgotten for want of an answer.
 */
function askWhatNow(io: TalkingIo, path: string, error: RescueError): TroubleAnswer {
  io.err(`\n${io.programName}: ${path}: Error writing mapfile: ${reasonInC(error)}\n`);
  for (;;) {
    io.err(
      'Fix the problem and press ENTER to retry,\n' +
        '                     or E+ENTER for an emergency save and exit,\n' +
        '                     or Q+ENTER to abort.\n',
    );
    const answer = io.readLine({ untilStop: true })?.trim().toLowerCase();
    if (answer === '') return 'again';
    if (answer === 'q') return 'quit';
    if (answer === undefined || answer === 'e') return 'elsewhere';
  }
}

/** What became of a map that cannot be saved. The run is ending, and nothing is asked or told any more. */
interface Ending {
  readonly error: GnuError;
  /** Where its copy is, if there is one. */
  readonly saved?: string;
}

function renewCopy({ saved }: Ending, mapfile: Mapfile): void {
  if (saved === undefined) return;
  renewMapElsewhere(saved, mapfile, { parts: gnuParts });
}

function notSaved(path: string): Ending {
  return { error: new GnuError(`${path}: Mapfile not saved; it is the one of the last save.`) };
}

/** Saves the map where it can be saved, says where, and how to end. */
function saveElsewhere(
  io: TalkingIo,
  { path, whole, mapfile }: { path: string; whole: string; mapfile: Mapfile },
): Ending {
  const { path: saved, isVolatile } =
    saveMapElsewhere(mapfile, { map: path, folders: [], stem: 'ddrescue', parts: gnuParts }) ?? {};
  if (saved === undefined) {
    const text = `${path}: Mapfile could not be saved anywhere; it is the one of the last save.`;
    return { error: new GnuError(text) };
  }
  // Told at once: the error that follows may be another one.
  io.err(
    `${io.programName}: Mapfile saved in '${saved}'. Before you go on, make room and copy it back:\n` +
      `          cp ${shellQuoted(saved)} ${shellQuoted(whole)}\n` +
      (isVolatile ? '          It lies in memory: copy it before this PC is switched off.\n' : ''),
  );
  return { error: new GnuError(`${path}: Mapfile could not be saved there.`), saved };
}
