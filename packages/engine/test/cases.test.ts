import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  gnuManner,
  planRescue,
  type Reply,
  type Request,
  RescueError,
  rescueSteps,
  resolveSettings,
  type SettingsInput,
} from '@chunkrescue/engine';
import { Domain, OPEN_END, parseMapfile, RescueMap } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';

/** One recorded run of ddrescue 1.30; the fields are explained in test-fixtures/README.md. */
interface Case {
  readonly id: string;
  readonly size: number;
  readonly sector: number;
  readonly cluster: number;
  readonly options: readonly string[];
  /** Null: no test mode, every byte of the file can be read. */
  readonly testmap: string | null;
  readonly initialMap: string | null;
  readonly domainMap: string | null;
  readonly exit: number;
  readonly phases: readonly string[];
  readonly reads: readonly (readonly [string, number, number, number, number])[];
  readonly finalMap: {
    readonly pos: number;
    readonly status: string;
    readonly pass: number;
    readonly blocks: readonly (readonly [number, number, string])[];
  } | null;
}

const fixture = new URL('../../../test-fixtures/cases.jsonl.gz', import.meta.url);
const cases = gunzipSync(readFileSync(fixture))
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Case);

describe('recorded runs of ddrescue 1.30', () => {
  test('there are 410 of them', () => expect(cases).toHaveLength(410));

  test.each(cases.map((each) => [each.id, each] as const))('%s', (_id, each) => {
    const replayed = replay(each);
    expect(replayed.reads).toEqual(each.reads);
    expect(replayed.phases).toEqual(each.phases);
    expect(replayed.exit).toBe(each.exit);
    if (each.finalMap !== null) expect(replayed.finalMap).toEqual(withOpenEnd(each.finalMap));
  });
});

/** ddrescue's open end is 2^63-1, which JSON numbers round; ours is the largest exact number. */
function withOpenEnd(map: NonNullable<Case['finalMap']>): Case['finalMap'] {
  const blocks = map.blocks.map(
    ([pos, size, status]) => [pos, size > OPEN_END ? OPEN_END - pos : size, status] as const,
  );
  return { ...map, blocks };
}

function replay(each: Case): Pick<Case, 'reads' | 'phases' | 'exit' | 'finalMap'> {
  const options = readOptions(each);
  const testMap = testMapOf(each);
  let end = 0;
  for (const range of testMap.ranges('+')) end = range.pos + range.size;
  const size = Math.min(each.size, end);
  const sourceSize = size > 0 ? size : undefined;
  const settings = resolveSettings(
    {
      ...options.settings,
      sectorSize: each.sector,
      clusterSize: each.cluster * each.sector,
      toleratesShort: true,
    },
    { size: sourceSize, sectorSize: each.sector },
    gnuManner,
  );
  const mapfile = each.initialMap === null ? undefined : parseMapfile(each.initialMap);
  try {
    const rescue = planRescue({ ...options.plan, sourceSize, mapfile }, settings);
    const reads: [string, number, number, number, number][] = [];
    const phases: string[] = [];
    const steps = rescueSteps(rescue);
    const name = phaseNamer(settings.isReversed);
    let step = steps.next();
    while (!step.done) {
      const reply = answer(testMap, each.size, step.value);
      const phase = name(step.value);
      if (!phases.includes(phase)) phases.push(phase);
      reads.push([phase, step.value.pos, step.value.size, reply.copied, reply.failed]);
      step = steps.next(reply);
    }
    rescue.map.release();
    const { position: pos, state: status, pass } = rescue;
    const blocks = [...rescue.map.blocks()].map((b) => [b.pos, b.size, b.status] as const);
    return {
      reads,
      phases,
      exit: step.value === 'finished' ? 0 : 1,
      finalMap: { pos, status, pass, blocks },
    };
  } catch (error) {
    if (!(error instanceof RescueError)) throw error;
    return { reads: [], phases: [], exit: 1, finalMap: null };
  }
}

function testMapOf(each: Case): RescueMap {
  if (each.testmap === null) return RescueMap.ofOne(0, OPEN_END, '+');
  const { map } = parseMapfile(each.testmap, { loose: each.options.includes('-L') });
  map.release();
  return map;
}

function answer(testMap: RescueMap, sourceSize: number, request: Request): Reply {
  const { pos, size } = request;
  const index = testMap.indexAt(pos);
  const isGood =
    index >= 0 && testMap.statusAt(index) === '+' && pos + size <= testMap.endAt(index);
  if (!isGood) return { copied: 0, failed: size, elapsedMs: 0 };
  return { copied: Math.max(0, Math.min(size, sourceSize - pos)), failed: 0, elapsedMs: 0 };
}

function phaseNamer(isReversed: boolean): (request: Request) => string {
  const short = { trimming: 'trim', sweeping: 'sweep', scraping: 'scrape' };
  let firstRetry = 0;
  return ({ phase, pass, direction }) => {
    const letter = direction === 'forwards' ? 'f' : 'b';
    if (phase === 'copying') return `copy${pass}${letter}`;
    if (phase === 'retrying') {
      firstRetry ||= pass;
      return `retry${pass - firstRetry + 1}${letter}`;
    }
    return `${short[phase]}${isReversed ? 'b' : 'f'}`;
  };
}

interface Options {
  settings: { -readonly [Key in keyof SettingsInput]: SettingsInput[Key] };
  plan: { domain: Domain; isWithinMap: boolean; retrims: boolean; triesAgain: boolean };
}

function readOptions(each: Case): Options {
  const settings: Options['settings'] = {};
  let from = 0;
  let size = Number.POSITIVE_INFINITY;
  const flags = new Set(each.options);
  let badAreasMax: { value: number; isRelative: boolean } | undefined;
  for (const option of each.options) {
    const value = option.slice(2);
    if (option.startsWith('-K')) Object.assign(settings, readSkip(value));
    else if (option.startsWith('--cpass=')) settings.copyingPasses = readPasses(option.slice(8));
    else if (option.startsWith('-r')) settings.retryPasses = Number(value);
    else if (option.startsWith('-i')) from = Number(value);
    else if (option.startsWith('-s')) size = Number(value);
    else if (option.startsWith('-X')) settings.readErrorsMax = Number(value);
    else if (option.startsWith('-e')) {
      badAreasMax = { value: Number(value), isRelative: value.startsWith('+') };
    } else if (!['-R', '-u', '-n', '-N', '-A', '-M', '-C', '-L', '--no-trim'].includes(option)) {
      throw new Error(`The replay does not know option ${option}.`);
    }
  }
  settings.isReversed = flags.has('-R');
  settings.isUnidirectional = flags.has('-u');
  settings.scrapes = !flags.has('-n');
  settings.sweeps = !flags.has('-N');
  settings.trims = !flags.has('--no-trim');
  let domain = Domain.whole();
  if (each.domainMap !== null) {
    domain = Domain.fromMap(parseMapfile(each.domainMap, { loose: flags.has('-L') }).map);
  }
  domain = domain.clip(from, Math.min(from + size, Number.MAX_SAFE_INTEGER));
  if (badAreasMax !== undefined) {
    settings.badAreasMax = badAreasMax.value;
    if (badAreasMax.isRelative) settings.badAreasMax += initialBadAreas(each, domain);
  }
  return {
    settings,
    plan: {
      domain,
      isWithinMap: flags.has('-C'),
      retrims: flags.has('-M'),
      triesAgain: flags.has('-A'),
    },
  };
}

/** `-e +n` counts from the areas that are bad at the start, after `-M` and `-A`. */
function initialBadAreas(each: Case, domain: Domain): number {
  const { settings, plan } = readOptions({
    ...each,
    options: each.options.filter((option) => !option.startsWith('-e')),
  });
  const resolved = resolveSettings(
    { ...settings, sectorSize: each.sector, clusterSize: each.cluster * each.sector },
    { size: each.size, sectorSize: each.sector },
    gnuManner,
  );
  const mapfile = each.initialMap === null ? undefined : parseMapfile(each.initialMap);
  const rescue = planRescue({ ...plan, domain, sourceSize: each.size, mapfile }, resolved);
  return rescue.map.areasInDomain('-');
}

function readSkip(value: string): SettingsInput {
  const units: Record<string, number> = { '': 1, M: 1e6, Ki: 1024 };
  const size = (text: string): number => {
    const [, digits, unit] = /^(\d+)(\w*)$/.exec(text) ?? [];
    return Number(digits) * (units[unit ?? ''] as number);
  };
  const [initial = '', max = ''] = value.split(',');
  return {
    ...(initial === '' ? {} : { skipInitial: size(initial) }),
    ...(max === '' ? {} : { skipMax: size(max) }),
  };
}

function readPasses(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    const passes: number[] = [];
    for (let pass = first; pass <= last; pass++) if (pass > 0) passes.push(pass);
    return passes;
  });
}
