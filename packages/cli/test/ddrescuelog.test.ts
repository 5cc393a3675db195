import { describe, expect, test } from 'vitest';
import { fuzzDdrescuelog } from '../../../scripts/fuzz-ddrescuelog.ts';
import {
  answers,
  type LogCase,
  ourAnswer,
  withFiles,
} from '../../../scripts/fuzz-ddrescuelog-run.ts';
import { missingOracle } from '../../../scripts/oracle.ts';

const FILES = {
  m: '0x00000000 ?\n0 512 +\n512 1024 -\n1536 100 *\n1636 1000 /\n2636 512 ?\n',
  done: '0 +\n0 0x6000 +\n',
  late: '0 ?\n1024 512 +\n1536 1024 ?\n',
  gaps: '0 ?\n2000 100 *\n0 512 +\n512 1024 -\n2700 1000 -\n',
  open: '0x40 * 3\n0 512 +\n512 512 +\n1024 0x7FFFFFFFFFFFFFFF /\n',
  zero: '0 +\n0 0 ?\n0 0 -\n0 512 +\n',
  longer: '0 ?\n0 512 +\n512 1024 -\n1536 100 *\n1636 1000 /\n2636 1000 ?\n',
  empty: '',
  broken: '0 ?\n0 512 x\n',
  odd: '0 ?\n0 512 +\n600 512 +\n',
  many: `0 ?\n${Array.from({ length: 10_000 }, (_, i) => `${i * 512} 512 ${'+-'[i % 2]}\n`).join('')}`,
};

function caseOf(words: string, input = ''): LogCase {
  return {
    words: words === '' ? [] : words.split(' '),
    files: FILES,
    input: Buffer.from(input, 'latin1'),
  };
}

/** What ours answers, in a directory with the files above. */
function run(words: string, input = ''): ReturnType<typeof ourAnswer> & { names: string[] } {
  const { files, ...answer } = withFiles(caseOf(words, input), ourAnswer);
  return { ...answer, names: Object.keys(files) };
}

describe('ddrescuelog', () => {
  test('deletes the mapfile of a finished rescue only', () => {
    expect(run('-d done')).toMatchObject({
      status: 0,
      names: expect.not.arrayContaining(['done']),
    });
    expect(run('-d m')).toMatchObject({ status: 1, names: expect.arrayContaining(['m']) });
  });

  test('a number with s takes the sector size in front of it', () => {
    expect(run('-b1024 -i1s -o0 -b512 -l- m').stdout).toBe('0\n');
  });

  test('lists a sector that a block touches, once', () => {
    expect(run('-l*/ m').stdout).toBe('3\n4\n5\n');
  });

  test('-t groups the digits of large counts, as it does those of sizes', () => {
    const lines = Array.from({ length: 19_998 }, (_, i) => `${i * 512} 512 ${'+-'[i % 2]}\n`);
    const many = { ...caseOf('-t many'), files: { many: `0 ? 1\n${lines.join('')}` } };
    const { stdout } = withFiles(many, ourAnswer);
    expect(stdout).toContain('mapfile extent:   10238 kB,  in  19_998 area(s)');
    expect(stdout).toContain('     rescued:    5119 kB,  in    9999 area(s)  ( 50%)');
  });

  test('a map of many megabytes, read part by part, is the same from standard input, read as a whole', () => {
    const lines = ['0 0 -\n', '0 0 ?\n'];
    for (let i = 0; i < 250_000; i++) {
      const pos = (i * 512).toString(16).toUpperCase().padStart(8, '0');
      lines.push(`0x${pos}  0x00000200  ${'+-/*?'[i % 5]}${i % 1000 === 7 ? ' # here' : ''}\n`);
    }
    const text = `# Mapfile\n0x00000000 * 2\n${lines.join('')}`;
    for (const words of ['-t -v', '-n', '-l-']) {
      const named = withFiles({ ...caseOf(`${words} many`), files: { many: text } }, ourAnswer);
      const piped = withFiles({ ...caseOf(`${words} -`, text), files: {} }, ourAnswer);
      expect(piped.stdout.length).toBeGreaterThan(100);
      const plain = (answer: string): string =>
        answer.replace(/^#.*/gm, '').replace(/^.*many\n|^-\n/m, '');
      expect(plain(named.stdout) === plain(piped.stdout), words).toBe(true);
      expect(named.status).toBe(piped.status);
    }
  });

  test('-t says the shares of the domain', () => {
    expect(run('-t m').stdout).toContain(
      '     rescued:      512 B,  in       1 area(s)  ( 16.26%)',
    );
  });

  test('-t writes counts of five digits and more in groups', () => {
    expect(run('-t many').stdout).toContain(' in  10_000 area(s)');
  });

  test('quiet says nothing but the answer', () => {
    expect(run('-q -D m')).toMatchObject({ status: 1, stdout: '', stderr: '' });
  });

  test('help and version', () => {
    expect(run('--help').stdout).toContain('-a, --change-types=<old>,<new>');
    expect(run('-V').stdout).toMatch(/^ddrescuelog \(rescue [\d.]+\), compatible with GNU/);
  });

  test('a zone that ddrescuelog divides by zero for is refused', () => {
    expect(run('-H 43:3:9-8:FF:2 -')).toMatchObject({ status: 1, stdout: '' });
  });

  test('a sector beyond what is exact is refused, not lost', () => {
    expect(run('-c -', '9007199254740991\n').status).toBe(2);
  });
});

const missing = missingOracle();
const title = missing === undefined ? 'as GNU ddrescuelog' : `(skipped: ${missing})`;

describe.skipIf(missing !== undefined)(title, () => {
  test.each([
    '',
    '-t',
    '-t m',
    '-t many',
    '-tv m done',
    '-t m none done',
    '-tB open',
    '-t late',
    '-t -i 100 -s 700 m',
    '-t -L gaps',
    '-A m',
    '-A -i100 -s1500 open',
    '-A zero',
    '-n m',
    '-n broken',
    '-n odd',
    '-n none',
    '-n zero',
    '-a?+,- m',
    '-a ?,x m',
    '-a?,-,+ m',
    '-l+ m',
    '-lx m',
    '-l+ -i600 -o0 m',
    '-l- -Fbitmap m',
    '-l- -Fbitmap-be -o 5120 m',
    '-l+ -Ffoo m',
    '-x late m',
    '-y late m',
    '-z late m',
    '-z empty m',
    '-x zero m',
    '-p longer m',
    '-p m longer',
    '-s 2000 -p longer m',
    '-P longer m',
    '-L -P gaps m',
    '-p gaps m',
    '-C gaps',
    '-C- gaps',
    '-C+ late',
    '-C zero',
    '--shift m',
    '--shift -o1024 m',
    '--shift -o1024 late',
    '--shift -i600 -o0 m',
    '--shift -i600 -o0 open',
    '--shift -i1 -o1 m',
    '-D done',
    '-vD m',
    '-vd done',
    '-d -m done m',
    '-D -s0 m',
    '-m m -m m -D m',
    '-m odd -D m',
    '-t -n m',
    '-n m m',
    '-H 43:3:10-8:FF:2 -',
    '-H 40:4:8:F:1 new',
    '-H 40:2:8:F:0 m',
    '-b4096 -H 2Ki:3:63-27:FF:0 -',
    '-H 40:2:8:F:2 -',
    '-H 40:2:7:F:0 -',
    '-H 40:2:8 -',
    '-c m',
    '-c+x -',
    '--c m',
    '--foo',
    '-Z',
    '-b0 -t m',
    '--sector-size=1s -t m',
    '-i-1 -t m',
  ])('%s', (words) => {
    const { ours, theirs } = answers(caseOf(words));
    expect(ours).toEqual(theirs);
  });

  test.each([
    ['-c -', '5\n3 4\n\n10\n3\n'],
    ['-c/? -i 2048 -o0 -', '5\n3\n4\n10\n'],
    ['-c -i 100 -s 2000 -', '0 3 4'],
    ['-c -m late new', '1 2 3\n'],
    ['-f -c m', '0x10\n010\n'],
    ['-c -', '5\n6 x\n'],
    ['-c -Fbitmap -', '\x05\xf0'],
    ['-c -Fbitmap-be -s 6000 -', '\x05\xf0'],
    ['-n -', FILES.m],
    ['-vd -', FILES.done],
    ['-p - -', FILES.m],
    ['-t - m -', FILES.m],
  ])('%s < %j', (words, input) => {
    const { ours, theirs } = answers(caseOf(words, input));
    expect(ours).toEqual(theirs);
  });

  test('random mapfiles and command lines', () => {
    const reports: string[] = [];
    fuzzDdrescuelog({ cases: 130, seed: 1, onFailure: (report) => reports.push(report) });
    expect(reports).toEqual([]);
  });
});
