/** How a disk would be cut, before a byte of it is read. */
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMapfile } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';
import { missingOracle, runOracle } from '../../../scripts/oracle.ts';
import { type Answer, DEMO, MIB, rescueCommand, temporaryDirectory } from './command.ts';

function world(): { cwd: string; run(line: string): Answer } {
  const cwd = temporaryDirectory();
  for (const name of ['out', 'plans']) mkdirSync(join(cwd, name));
  return { cwd, run: (line) => rescueCommand(line.replace('DEMO', DEMO).split(' '), { cwd }) };
}

describe('rescue plan', () => {
  test('prints the chunks: number, first byte, size and name', () => {
    const { status, stdout } = world().run('plan DEMO --chunk-size 1MiB');
    expect(status).toBe(0);
    expect(stdout).toContain('5 chunks of 1 MiB (1048576 bytes)');
    expect(stdout).toMatch(/^ {2}3 +3145728 +1 MiB +chunk03$/m);
    expect(stdout).toMatch(/^ {2}4 +4194304 +1536 B +chunk04$/m);
  });

  test('rounds to whole sectors and says so; refuses what is no size', () => {
    const { run } = world();
    const odd = run('plan DEMO --chunk-size 1000000');
    expect(odd.stderr).toContain('rounded up from 1000000 to 1000448 bytes');
    expect(run('plan DEMO --chunk-size 1MB').stdout).toContain('(1000448 bytes)');
    expect(run('plan DEMO --chunk-size 1000KB')).toMatchObject({ status: 1, stdout: '' });
  });

  test('puts many chunks into few lines, or not', () => {
    const { cwd, run } = world();
    const few = run('plan DEMO --chunk-size 50176');
    expect(few.stdout).toMatch(/^ {2}0-82 +0 +49 KiB +chunk00 - chunk82$/m);
    expect(few.stdout).toMatch(/^ {2}83 +4164608 +30\.5 KiB +chunk83$/m);
    const all = run('plan DEMO --chunk-size 50176 --all');
    expect(all.stdout.match(/ chunk\d+$/gm)).toHaveLength(84);
    writeFileSync(join(cwd, 'big.img'), '');
    truncateSync(join(cwd, 'big.img'), 1024 * 1024 * MIB);
    const slip = run('plan big.img --chunk-size 512 --maps plans');
    expect([slip.status, slip.stderr]).toEqual([1, expect.stringContaining('are a slip')]);
  });

  test('tells what is read, how much fits and how often the stick travels', () => {
    const { run } = world();
    run('read DEMO --chunk-size 1MiB --chunk 0,2 --out out');
    const { stdout } = run('plan DEMO --out out');
    expect(stdout).toMatch(/^ {2}0 +0 +1 MiB +yes +chunk00$/m);
    expect(stdout).toMatch(/^ {2}1 +1048576 +1 MiB +no +chunk01$/m);
    expect(stdout).toMatch(/out .*free, chunks are written (sparse|compact)/);
    expect(stdout).toContain('3 chunks of the 3 to be read fit there: 1 trip');
    expect(stdout).toContain(`rescue read ${DEMO} --fit --out out`);
    const document = JSON.parse(run('plan DEMO --out out --json').stdout);
    expect(document).toMatchObject({ schema: 1, type: 'plan', chunkSize: MIB, problem: null });
    expect(document.room).toMatchObject({ folder: 'out', unread: 3, fitting: 3, trips: 1 });
    expect(document.chunks[4]).toEqual({
      ...{ chunk: 4, name: 'chunk04', pos: 4 * MIB, size: 1536, read: 'not' },
    });
  });

  test('refuses another cut, another disk, and folders and maps that are not there', () => {
    const { cwd, run } = world();
    run('read DEMO --chunk-size 1MiB --chunk 0 --out out');
    expect(run('plan DEMO --out out --chunk-size 2MiB').status).toBe(7);
    writeFileSync(join(cwd, 'other.img'), Buffer.alloc(MIB));
    const other = run('plan other.img --map out/common.map');
    expect([other.status, other.stderr]).toEqual([7, expect.stringContaining('begun with')]);
    expect(run('plan DEMO --map out/chunk00.map').status).toBe(7);
    expect(run('plan DEMO --map none.map').status).toBe(1);
    expect(run('plan DEMO --out nowhere').status).toBe(1);
    expect(run('plan nothing.img').status).toBe(1);
  });
});

describe('rescue plan --maps', () => {
  test('writes read-only domain maps of the whole source, and never over others', () => {
    const { cwd, run } = world();
    const { status, stdout } = run('plan DEMO --chunk-size 1MiB --maps plans');
    expect([status, stdout]).toEqual([0, expect.stringContaining('5 plans written')]);
    const path = join(cwd, 'plans/chunk01.plan.map');
    const text = readFileSync(path, 'utf8');
    expect([...parseMapfile(text).map.blocks()]).toEqual([
      { pos: 0, size: MIB, status: '?' },
      { pos: MIB, size: MIB, status: '+' },
      { pos: 2 * MIB, size: 2 * MIB + 1536, status: '?' },
    ]);
    expect(text).toContain('# Kind: plan\n');
    expect(statSync(path).mode & 0o777).toBe(0o444);
    const again = run('plan DEMO --chunk-size 2MiB --maps plans');
    expect([again.status, again.stderr]).toEqual([7, expect.stringContaining('exists already')]);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('rescue read -m takes a plan; as the common map it is refused and stays as it is', () => {
    const { cwd, run } = world();
    run('plan DEMO --chunk-size 1MiB --maps plans');
    const path = join(cwd, 'plans/chunk01.plan.map');
    const text = readFileSync(path, 'utf8');
    const swapped = run(
      'read DEMO --chunk-size 1MiB --chunk 1 --out out --map plans/chunk01.plan.map',
    );
    expect([swapped.status, swapped.stderr]).toEqual([7, expect.stringContaining('is a plan')]);
    expect(run('read DEMO -m plans/chunk01.plan.map --out out').status).toBe(0);
    const raw = readFileSync(join(cwd, 'out/chunk01.plan.raw'));
    expect(raw.subarray(MIB).equals(readFileSync(DEMO).subarray(MIB, 2 * MIB))).toBe(true);
    const merge = run('merge out/chunk01.plan.raw out/final.raw');
    expect([merge.status, merge.stdout]).toEqual([
      4,
      expect.stringContaining(`${MIB} bytes merged`),
    ]);
    const status = run('status plans/chunk01.plan.map');
    expect([status.status, status.stderr]).toEqual([1, expect.stringContaining('is a plan')]);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  const missing = missingOracle();
  test.skipIf(missing)(
    `GNU ddrescue reads what a plan marks${missing ? ` (${missing})` : ''}`,
    () => {
      const { cwd, run } = world();
      run('plan DEMO --chunk-size 1MiB --maps plans');
      const words = [
        '-q',
        '-m',
        'plans/chunk01.plan.map',
        DEMO,
        'out/chunk01.raw',
        'out/chunk01.map',
      ];
      expect(runOracle(words, { cwd, timeoutMs: 20_000 }).status).toBe(0);
      const { map } = parseMapfile(readFileSync(join(cwd, 'out/chunk01.map'), 'utf8'));
      expect([...map.ranges('+')]).toEqual([{ pos: MIB, size: MIB }]);
      const merge = run('merge out/chunk01.raw out/final.raw');
      expect(merge.stdout).toContain(`${MIB} bytes merged`);
    },
  );
});
