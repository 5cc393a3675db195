/**
 * Where ours is meant to differ from GNU ddrescue. A case that falls under a row is not compared as it is:
 * the row says what must hold instead. Nothing else may differ.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { claimedEnd, type FuzzCase, wordsOf } from './fuzz-case.ts';
import { judge } from './fuzz-input-model.ts';
import {
  type Compared,
  compareOnce,
  type Difference,
  inDirectories,
  type Side,
} from './fuzz-run.ts';

export interface Expectation {
  readonly reason: string;
  readonly applies: (each: FuzzCase) => boolean;
  readonly compare: (each: FuzzCase, ours: Side) => Compared;
}

const EXPECTED: Readonly<Record<string, Expectation>> = {
  'short output': {
    reason:
      'an output without the bytes that the map calls finished is refused, not filled with holes',
    applies: hasShortOutput,
    compare(each, ours) {
      const refused = refusalDifferences(each, ours);
      const compared = compareOnce(each, ours, { ours: ['--trust-outfile'] });
      return { ...compared, differences: [...refused, ...compared.differences] };
    },
  },
  'empty map beside data': {
    reason: 'a map without blocks beside an output with data is refused, not begun anew',
    applies: hasEmptyMap,
    compare(each, ours) {
      const compared = compareOnce(each, ours);
      if (compared.differences.length === 0) return compared;
      return { ...compared, differences: refusalDifferences(each, ours) };
    },
  },
  'sparse over data': {
    reason:
      'GNU leaves old data where -S should write zeros, which is a corrupt copy; ours writes them',
    applies: isSparseOverData,
    compare(each, ours) {
      const compared = compareOnce(each, ours);
      return {
        ...compared,
        differences: compared.differences.filter(({ what }) => what !== 'out'),
      };
    },
  },
  'unaligned direct': {
    reason:
      'what does not fit direct I/O (an odd end, say) is read in a wider range and written through the ' +
      'cache; GNU gives up there',
    applies: isDirect,
    compare: (each, ours) =>
      unlessGnuSays(each, ours, /Unaligned read error|Write error: Invalid argument/),
  },
  'directory as input': {
    reason: 'a directory is refused before an output and a map are made for it',
    applies: ({ files }) => files['in']?.kind === 'directory',
    compare(each, ours) {
      const compared = compareOnce(each, ours);
      if (compared.differences.length === 0) return compared;
      return { ...compared, differences: refusalDifferences(each, ours) };
    },
  },
};

/** Compares under the row that the case falls under, else as it is. */
export function compareCase(each: FuzzCase, ours: Side): Compared {
  const row = Object.values(EXPECTED).find(({ applies }) => applies(each));
  if (row !== undefined) return row.compare(each, ours);
  const compared = compareOnce(each, ours);
  if (isTooLarge(compared)) return { ...compared, differences: [] };
  // A map in an odd spelling may claim more than its output has, too.
  const isRefused = compared.differences.some(
    ({ what, ours: our }) => what === 'stderr' && our.includes("'--trust-outfile'"),
  );
  return isRefused ? compareOnce(each, ours, { ours: ['--trust-outfile'] }) : compared;
}

/** Positions beyond 2^53 are refused. */
function isTooLarge({ differences }: Compared): boolean {
  return differences.some(
    ({ what, ours }) => what === 'stderr' && ours.includes('Position is too large'),
  );
}

export function isExpected(each: FuzzCase): boolean {
  return Object.values(EXPECTED).some(({ applies }) => applies(each));
}

function isDirect({ options }: FuzzCase): boolean {
  return options.flat().some((word) => /^-(-idirect|-odirect|[a-zA-Z]*[dD])/.test(word));
}

/** Nothing is compared where GNU ends in the sentence that ours is meant to do without. */
function unlessGnuSays(each: FuzzCase, ours: Side, sentence: RegExp): Compared {
  const compared = compareOnce(each, ours);
  const isMeant = compared.differences.some(
    ({ what, gnu, ours: our }) =>
      (what === 'stderr' && sentence.test(gnu)) ||
      // With -q nothing is said.
      (what === 'status' && gnu === '1' && our === '0' && each.options.flat().includes('-q')),
  );
  return isMeant ? { ...compared, differences: [] } : compared;
}

function hasShortOutput(each: FuzzCase): boolean {
  const words = each.options.flat();
  const isRescue = !words.some((word) => /^(-F|-G|--command)/.test(word));
  const out = each.files['out'];
  const size = out?.kind === 'data' ? out.size : 0;
  return isRescue && each.operands[1] === '@out' && claimedEnd(each.files['map']) > size;
}

function hasEmptyMap(each: FuzzCase): boolean {
  const words = each.options.flat();
  const isRescue = !words.some((word) => /^(-F|-G|--fill|--gen)/.test(word));
  const { out, map } = each.files;
  const holdsData = out?.kind === 'data' && out.pieces.length > 0;
  const isEmpty = map?.kind === 'text' && judge(map.text)?.length === 0;
  return isRescue && each.operands[1] === '@out' && holdsData && isEmpty;
}

function isSparseOverData({ options, files }: FuzzCase): boolean {
  const isSparse = options.flat().some((word) => word === '-S' || word === '--sparse');
  const out = files['out'];
  return isSparse && out?.kind === 'data' && out.pieces.length > 0;
}

/** Ours ends with 1 and leaves every file as it was. */
function refusalDifferences(each: FuzzCase, ours: Side): Difference[] {
  return inDirectories(each, ({ our }) => {
    const before = contentsOf(our);
    const { status } = ours(wordsOf(each, our), { directory: our, input: each.stdin });
    const after = contentsOf(our);
    const differences: Difference[] = [];
    if (status !== 1) differences.push({ what: 'refusal', gnu: 'status 1', ours: `${status}` });
    if (before !== after) differences.push({ what: 'refusal', gnu: before, ours: after });
    return differences;
  });
}

function contentsOf(directory: string): string {
  const names = readdirSync(directory).sort();
  return names
    .map((name) => {
      const path = join(directory, name);
      const isText = name === 'map';
      return `${name} ${isText ? readFileSync(path, 'latin1') : statSync(path, { throwIfNoEntry: false })?.size}`;
    })
    .join('; ');
}
