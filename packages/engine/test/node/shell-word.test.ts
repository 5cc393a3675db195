import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shellQuoted, shellWord } from '../../src/node/shell-word.ts';

const missing = spawnSync('bash', ['-c', 'true']).status === 0 ? undefined : 'needs bash';

const names = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...'\'"$`\\-~ a!*?[]#;&|<>\n\r\t\u001b\u009b\u202e'), {
      minLength: 1,
    }),
  )
  .map((name) => (Array.isArray(name) ? name.join('') : name).replaceAll('\0', ''));

test.skipIf(missing !== undefined)(`a shell takes any name for one word ${missing ?? ''}`, () => {
  const words = fc.sample(names, { numRuns: 2000, seed: 1 }).filter((name) => name !== '');
  const script = words.map((word) => `printf '%s\\0' ${shellWord(word)} ${shellQuoted(word)}`);
  const { stdout } = spawnSync('bash', ['-c', script.join('\n')], {
    encoding: 'utf8',
    env: { LC_ALL: 'C.UTF-8' },
    maxBuffer: 2 ** 26,
  });
  const path = (word: string): string => (word.startsWith('-') ? `./${word}` : word);
  expect(stdout.split('\0').slice(0, -1)).toEqual(
    words.flatMap((word) => [path(word), path(word)]),
  );
});

test.skipIf(missing !== undefined)(
  `no name is more than a word to a plain shell ${missing ?? ''}`,
  () => {
    const words = fc.sample(names, { numRuns: 500, seed: 2 });
    const script = words.map((word) => `set -- ${shellQuoted(word)}; echo $#`).join('\n');
    const { stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
    expect([new Set(stdout.trimEnd().split('\n')), stderr]).toEqual([new Set(['1']), '']);
  },
);

test('what a terminal would obey is spelled out', () => {
  expect(shellWord('a\nb')).toBe("$'a\\U0000000ab'");
  expect(shellWord("it's")).toBe("'it'\\''s'");
  expect(shellWord('plain-1.map')).toBe('plain-1.map');
});
