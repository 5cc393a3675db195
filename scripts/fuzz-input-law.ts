/** What a law is to the fuzzer of inputs, and how one is tried. */
import { performance } from 'node:perf_hooks';
import type { Random } from './fuzz-random.ts';

/** Inputs for one parser, and what must hold for each. */
export interface InputLaw {
  readonly name: string;
  /** How many of a hundred thousand inputs are its; those that touch files are dear. */
  readonly share: number;
  /** Makes an input, and throws {@link Broken}, or anything, when the law does not hold for it. */
  readonly attempt: (random: Random, note: (input: unknown) => void) => void;
}

/** A law that does not hold. */
class Broken extends Error {
  override readonly name = 'Broken';
}

export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Broken(what);
}

/** What the call gives, or undefined when it throws what `isKnown` knows. @throws everything else */
export function unlessKnown<T>(isKnown: (error: unknown) => boolean, call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (!isKnown(error)) throw error;
    return undefined;
  }
}

/** Trouble of the world, whether the built package or its sources throw it. */
export function isOfTheWorld(error: unknown): boolean {
  return error instanceof Error && error.name === 'RescueError';
}

export interface Violation {
  readonly law: string;
  readonly seed: number;
  readonly message: string;
  readonly input: string;
}

/** No input is worth more: far above what a busy machine needs, far below what a hang takes. */
const TIME_MAX_MS = 20_000;
const SHOWN_MAX = 1000;

/** Tries one input; gives what was wrong. */
export function tried(law: InputLaw, random: Random, seed: number): Violation | undefined {
  let input: unknown;
  const startMs = performance.now();
  try {
    law.attempt(random, (each) => {
      input = each;
    });
    must(performance.now() - startMs < TIME_MAX_MS, 'took too long');
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const message = text.split('\n').slice(0, 6).join('\n');
    return { law: law.name, seed, message, input: shown(input) };
  }
}

function shown(input: unknown): string {
  const text = Buffer.isBuffer(input) ? input.toString('latin1') : input;
  return (JSON.stringify(text) ?? 'nothing').slice(0, SHOWN_MAX);
}
