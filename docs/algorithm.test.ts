import { readFileSync } from 'node:fs';
import {
  completeManner,
  gnuManner,
  planRescue,
  type Reply,
  type Request,
  rescueSteps,
  resolveSettings,
  type SettingsInput,
} from '@chunkrescue/engine';
import { parseMapfile } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';

/** A worked example of docs/algorithm.md: a fenced block that begins with ```rescue. */
interface Example {
  readonly line: number;
  readonly size: number;
  readonly sector: number;
  readonly cluster: number;
  readonly options: SettingsInput;
  readonly manner: 'gnu' | 'complete';
  readonly bad: readonly (readonly [from: number, to: number])[];
  /** Text of the initial map, undefined for a new rescue. */
  readonly map: string | undefined;
  readonly reads: readonly string[];
  readonly final: readonly string[];
}

const text = readFileSync(new URL('algorithm.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/^```rescue\n([\s\S]*?)^```$/gm)].map((match) =>
  parseExample(match[1] as string, text.slice(0, match.index).split('\n').length),
);

describe('the worked examples of docs/algorithm.md', () => {
  test('there are five or more, every phase is in one, and none is lost by a typing error', () => {
    expect(examples.length).toBeGreaterThanOrEqual(5);
    expect(examples).toHaveLength(text.split('```rescue').length - 1);
    const phases = examples.flatMap(({ reads }) => reads.map((read) => read.split(' ')[0]));
    expect(phases).toEqual(
      expect.arrayContaining(['copying', 'trimming', 'sweeping', 'scraping', 'retrying']),
    );
    expect(phases.filter((phase) => phase !== '...').length).toBeGreaterThan(30);
  });

  test.each(examples.map((each) => [each.line, each] as const))('line %i', (_line, each) => {
    const replayed = replay(each);
    expect(withGaps(replayed.reads, each.reads)).toEqual(each.reads);
    expect(replayed.final).toEqual(each.final);
  });

  test('what GNU leaves untried, completeManner reads', () => {
    const untried = ({ final }: { final: readonly string[] }) =>
      final.filter((b) => /[?*]$/.test(b));
    const all = examples.filter(({ options }) => options.trims !== false);
    expect(all.flatMap((each) => untried(replay(each)))).toHaveLength(1);
    expect(all.flatMap((each) => untried(replay({ ...each, manner: 'complete' })))).toEqual([]);
  });

  test('lines are no longer than the page is wide', () => {
    expect(text.split('\n').filter((line) => line.length > 110)).toEqual([]);
  });
});

function parseExample(block: string, line: number): Example {
  const lines = block.trimEnd().split('\n');
  const readsAt = lines.indexOf('reads');
  const finalAt = lines.indexOf('final');
  if (readsAt < 0 || finalAt < readsAt) throw new Error(`Line ${line}: no reads, or no final map.`);
  const fields = lines.slice(0, readsAt).map((each) => each.split(/ +/));
  const known = ['size', 'sector', 'cluster', 'options', 'manner', 'bad', 'map', 'status'];
  const values = (key: string): string[][] =>
    fields.filter(([name]) => name === key).map(([, ...value]) => value);
  const one = (key: string, standard?: string): string => {
    const value = values(key)[0]?.[0] ?? standard;
    if (value === undefined) throw new Error(`Line ${line}: ${key} is missing.`);
    return value;
  };
  for (const [name = ''] of fields) {
    if (!known.includes(name)) throw new Error(`Line ${line}: what is "${name}"?`);
  }
  const manner = one('manner', 'gnu');
  if (manner !== 'gnu' && manner !== 'complete') throw new Error(`Line ${line}: ${manner}?`);
  const blocks = values('map').map((each) => each.join(' '));
  const status = values('status')[0] ?? ['0', '?', '1'];
  return {
    line,
    size: Number(one('size')),
    sector: Number(one('sector')),
    cluster: Number(one('cluster')),
    options: parseOptions(values('options')[0] ?? []),
    manner,
    bad: values('bad').map(([range = '']) => range.split('-').map(Number) as [number, number]),
    map: blocks.length === 0 ? undefined : `${[status.join(' '), ...blocks].join('\n')}\n`,
    reads: lines.slice(readsAt + 1, finalAt).map(normalise),
    final: lines.slice(finalAt + 1).map(normalise),
  };
}

/** Columns may be lined up with blanks. */
function normalise(line: string): string {
  return line.trim().replace(/ +/g, ' ');
}

function parseOptions(words: readonly string[]): SettingsInput {
  const settings: { -readonly [Key in keyof SettingsInput]: SettingsInput[Key] } = {};
  const rest = [...words];
  for (let option = rest.shift(); option !== undefined; option = rest.shift()) {
    if (option === '-n') settings.scrapes = false;
    else if (option === '-N') settings.sweeps = false;
    else if (option === '--no-trim') settings.trims = false;
    else if (option === '-R') settings.isReversed = true;
    else if (option === '-u') settings.isUnidirectional = true;
    else if (option === '-r') settings.retryPasses = Number(rest.shift());
    else if (option === '-K') {
      const [initial, max] = (rest.shift() ?? '').split(',');
      settings.skipInitial = Number(initial);
      if (max !== undefined) settings.skipMax = Number(max);
    } else throw new Error(`The examples do not know option ${option}.`);
  }
  return settings;
}

function replay(example: Example): { reads: string[]; final: string[] } {
  const { size, sector, cluster, map } = example;
  const settings = resolveSettings(
    { ...example.options, sectorSize: sector, clusterSize: cluster },
    { size, sectorSize: sector },
    example.manner === 'gnu' ? gnuManner : completeManner,
  );
  const mapfile = map === undefined ? undefined : parseMapfile(map);
  const rescue = planRescue({ sourceSize: size, mapfile }, settings);
  const reads: string[] = [];
  const steps = rescueSteps(rescue);
  let step = steps.next();
  while (!step.done) {
    const reply = answer(example, step.value);
    reads.push(describeRead(step.value, reply));
    step = steps.next(reply);
  }
  expect(step.value).toBe('finished');
  rescue.map.release();
  const final = [...rescue.map.blocks()].map(
    (block) => `${hex(block.pos)} ${hex(block.size)} ${block.status}`,
  );
  return { reads, final };
}

/** A read that meets a bad byte brings nothing, as in ddrescue's test mode (`-H`). */
function answer(example: Example, { pos, size }: Request): Reply {
  const isBad = example.bad.some(([from, to]) => pos < to && pos + size > from);
  return isBad
    ? { copied: 0, failed: size, elapsedMs: 0 }
    : { copied: size, failed: 0, elapsedMs: 0 };
}

function describeRead({ phase, pass, direction, pos, size }: Request, reply: Reply): string {
  const end = reply.failed === 0 ? 'ok' : 'failed';
  return `${phase} ${pass} ${direction} ${hex(pos, 5)} ${size} ${end}`;
}

function hex(value: number, digits = 1): string {
  return `0x${value.toString(16).toUpperCase().padStart(digits, '0')}`;
}

/**
 * The reads, with `...` where the expected ones have it and as many left out as bring the next expected read
 * in place: equal to `expected` exactly if it tells the truth, readable in a failure's diff otherwise.
 */
function withGaps(reads: readonly string[], expected: readonly string[]): string[] {
  const seen: string[] = [];
  let at = 0;
  expected.forEach((line, i) => {
    if (line !== '...') {
      if (at < reads.length) seen.push(reads[at++] as string);
      return;
    }
    const next = expected[i + 1];
    const found = next === undefined ? reads.length : reads.indexOf(next, at);
    if (found >= 0) {
      seen.push(line);
      at = found;
    }
  });
  return [...seen, ...reads.slice(at)];
}
