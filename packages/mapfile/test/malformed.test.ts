import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Domain, type Mapfile, MapfileError, OPEN_END, parseMapfile } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';

interface Verdict {
  readonly name: string;
  readonly role: 'mapfile' | 'domain' | 'loose-domain';
  readonly text?: string;
  readonly b64?: string;
  /** 2 is a refused text; 1 is about the input file, so the text was understood. */
  readonly exit: number;
  readonly blocks: readonly (readonly [number, number, string?])[] | null;
  readonly status_line?: readonly [number, string, number] | null;
}

/** Every record was made with an input file of this size; a domain is limited to it. */
const INPUT_SIZE = 65536;

/** 2^63-1 as JSON.parse reads it. */
const OPEN_END_IN_JSON = 2 ** 63;

/**
 * `name role` of each text that we judge otherwise than ddrescue does, and why; each has to be in README.md.
 * There is none: the deviations listed there are for texts that were not recorded.
 */
const EXCEPTIONS: Readonly<Record<string, string>> = {};

const verdicts = gunzipSync(
  readFileSync(new URL('../../../test-fixtures/malformed-mapfiles.jsonl.gz', import.meta.url)),
)
  .toString('utf8')
  .trimEnd()
  .split('\n')
  .map((line): Verdict => JSON.parse(line));

function textOf({ text, b64 }: Verdict): string {
  return text ?? Buffer.from(b64 ?? '', 'base64').toString('utf8');
}

function parsed(verdict: Verdict): Mapfile | undefined {
  try {
    return parseMapfile(textOf(verdict), { loose: verdict.role === 'loose-domain' });
  } catch (error) {
    expect(error).toBeInstanceOf(MapfileError);
    return undefined;
  }
}

/** What is understood of a text in its role, in the form of the records. */
function understood(verdict: Verdict): unknown {
  const mapfile = parsed(verdict);
  if (mapfile === undefined) return 'refused';
  const { map, position, state, pass } = mapfile;
  if (verdict.role === 'mapfile') {
    const blocks = [...map.blocks()].map(({ pos, size, status }) => [pos, size, status]);
    // Without blocks ddrescue begins a new map, whatever the status line says.
    const pos = position === OPEN_END ? OPEN_END_IN_JSON : position;
    return { blocks, statusLine: blocks.length === 0 ? null : [pos, state, pass] };
  }
  const inside = [...Domain.fromMap(map).clip(0, INPUT_SIZE).ranges()];
  return { blocks: inside.map(({ pos, size }) => [pos, size]), statusLine: null };
}

function expected(verdict: Verdict): unknown {
  if (verdict.exit === 2) return 'refused';
  return { blocks: verdict.blocks, statusLine: verdict.status_line ?? null };
}

describe('damaged mapfiles, as ddrescue 1.30 judges them', () => {
  for (const verdict of verdicts) {
    const title = `${verdict.name} ${verdict.role}`;
    if (title in EXCEPTIONS) {
      test(`${title}: differs, ${EXCEPTIONS[title]}`, () => {
        expect(understood(verdict)).not.toEqual(expected(verdict));
      });
    } else {
      test(title, () => expect(understood(verdict)).toEqual(expected(verdict)));
    }
  }

  test('every exception is of a text there is', () => {
    const titles = verdicts.map(({ name, role }) => `${name} ${role}`);
    expect(titles).toEqual(expect.arrayContaining(Object.keys(EXCEPTIONS)));
  });
});
