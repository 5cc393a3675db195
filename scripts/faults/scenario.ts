/** A job on files that is disturbed: what is there before it, what it does, and what is true afterwards. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Domain, parseMapfile } from '@chunkrescue/mapfile';
import type { FaultFiles, Plan } from './fault-files.ts';
import type { Truth } from './judge.ts';
import type { Claim } from './operation.ts';
import { readTree, type Tree, writeTree } from './tree.ts';

export interface Scenario {
  readonly name: string;
  /** Folders that are there before it runs; each may be another disk. */
  readonly folders: readonly string[];
  readonly truth: Truth;
  /** What its file system never does. */
  readonly refuses?: Plan;
  /** What runs before, undisturbed. */
  readonly prepare: (places: Places) => void;
  /** The job itself; tells of each save. Given again after a fault it must come to its end. */
  readonly run: (places: Places, saved: () => void) => void;
}

/** Where a scenario's files are. */
export interface Places {
  /** What is disturbed. */
  readonly dir: string;
  /** The failing disk and what is known of its faults. */
  readonly source: string;
}

/** A scenario that is ready to be run again and again. */
export interface Prepared {
  readonly scenario: Scenario;
  readonly places: Places;
  readonly before: Tree;
}

export function prepared(scenario: Scenario, base: string): Prepared {
  const places = { dir: join(base, 'work'), source: join(base, 'source') };
  rmSync(places.source, { recursive: true, force: true });
  mkdirSync(places.source, { recursive: true });
  writeTree(places.dir, new Map(), scenario.folders);
  writeFileSync(join(places.source, 'disk'), scenario.truth.disk);
  withTicks(() => scenario.prepare(places));
  return { scenario, places, before: readTree(places.dir) };
}

/** Puts all back as it was before the job, or as it is in a tree. */
export function restore({ scenario, places, before }: Prepared, tree: Tree = before): void {
  writeTree(places.dir, tree, scenario.folders);
  forgetOwners(places.dir);
}

/** Runs the job; the layer learns what each save claims. */
export function runJob({ scenario, places }: Prepared, layer?: FaultFiles): void {
  const { main } = scenario.truth;
  withTicks(() =>
    scenario.run(places, () => {
      layer?.saved(layer.inside(() => claimsIn(join(places.dir, main))));
    }),
  );
}

function claimsIn(path: string): Claim[] {
  return [...Domain.fromMap(parseMapfile(readFileSync(path, 'latin1')).map).ranges()];
}

/** No process has this number. */
const DEAD = 0x7fffffff;

/** The program that was killed is another process than the one that goes on. */
export function forgetOwners(dir: string): void {
  for (const entry of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    if (!/\.lock$|\.takeover$/.test(entry)) continue;
    const path = join(dir, entry);
    const text = readFileSync(path, 'utf8');
    // Where there are no links it may have no text yet, and would be waited for.
    if (text === '') rmSync(path);
    else writeFileSync(path, text.replace(/"pid":\d+/, `"pid":${DEAD}`));
  }
}

/** Time goes on by a little whenever it is asked for, so that each run makes the same calls. */
const TICK_MS = 0.01;

function withTicks(act: () => void): void {
  let now = 0;
  Object.defineProperty(performance, 'now', {
    configurable: true,
    value: () => {
      now += TICK_MS;
      return now;
    },
  });
  try {
    act();
  } finally {
    Reflect.deleteProperty(performance, 'now');
  }
}
