/** What GNU ddrescue loses without a word when it runs twice at a time, with both programs. */
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { missingForDevices, startFaultyDevice } from '../../../scripts/faulty-device.ts';
import { DEMO, MIB, needing, rescueCommand, startRescue, temporaryDirectory } from './command.ts';
import { claimed, expectHeld, PROGRAMS, until } from './silent-loss-programs.ts';

const TRUTH = readFileSync(DEMO);
const SIZE = TRUTH.length;

/** Where the image and its map go. */
function places(): { dir: string; out: string; map: string } {
  const dir = temporaryDirectory();
  return { dir, out: join(dir, 'image'), map: join(dir, 'image.map') };
}

const slow = needing('two at a time', missingForDevices());

describe.skipIf(slow.isSkipped)(slow.title, () => {
  /** A file whose reads take a while. */
  async function slowFile(dir: string): Promise<string> {
    const good = join(dir, 'good.map');
    writeFileSync(good, `0 + 1\n0 ${SIZE} +\n`);
    const served = { image: DEMO, badMap: good, loop: false, delayMs: 20 };
    const device = await startFaultyDevice(served);
    onTestFinished(() => device.close());
    return device.path;
  }

  /** Starts a run, and halts it when it has begun its map; it goes on when `meanwhile` is done. */
  async function duringRun<T>(
    words: readonly string[],
    map: string,
    meanwhile: (pid: number) => T,
  ): Promise<{ status: number | null; answer: T }> {
    const child = startRescue(words);
    const ended = once(child, 'close');
    child.stdout?.resume();
    child.stderr?.resume();
    await until(() => existsSync(map) || child.exitCode !== null);
    child.kill('SIGSTOP');
    try {
      const answer = meanwhile(child.pid ?? 0);
      child.kill('SIGCONT');
      const [status] = (await ended) as [number | null];
      return { status, answer };
    } finally {
      child.kill('SIGKILL');
    }
  }

  test.each(PROGRAMS)('$name: the second is refused, the first ends exact', async (program) => {
    const { dir, out, map } = places();
    const source = await slowFile(dir);
    const words = [...program.words, source, out, map];
    const { status, answer } = await duringRun(words, map, (pid) => {
      const before = readFileSync(map);
      const second = rescueCommand(words);
      expect(second.stderr).toContain(`process ${pid}`);
      expect(readFileSync(map).equals(before)).toBe(true);
      return second.status;
    });
    expect([answer, status]).toEqual([program.refused, 0]);
    expect(readFileSync(out).equals(TRUTH)).toBe(true);
    expect(claimed(map)).toBe(SIZE);
  });

  test.each(PROGRAMS)(
    '$name: with a map of its own the second is refused, too',
    async (program) => {
      const { dir, out, map } = places();
      const source = await slowFile(dir);
      const words = [...program.words, source, out, map];
      const other = [...program.words, '--force', source, out, join(dir, 'other.map')];
      const { status, answer } = await duringRun(words, map, () => rescueCommand(other));
      expect([answer.status, status]).toEqual([program.refused, 0]);
      expect(readFileSync(out).equals(TRUTH)).toBe(true);
    },
  );

  test('two halves with one mapfile: the second is refused, and no claim is lost', async () => {
    const { dir, out, map } = places();
    const source = await slowFile(dir);
    const half = (from: number): string[] => [
      ...['ddrescue', `-i${from}`, `-s${2 * MIB}`],
      ...[source, out, map],
    ];
    const { status, answer } = await duringRun(half(0), map, () => rescueCommand(half(2 * MIB)));
    expect([answer.status, status]).toEqual([1, 0]);
    expect(claimed(map)).toBe(2 * MIB);
    expect(rescueCommand(half(2 * MIB)).status).toBe(0);
    expect(claimed(map)).toBe(4 * MIB);
    expectHeld(map, out, TRUTH);
  });

  test('two chunks with one common map: the second is refused, and no claim is lost', async () => {
    const { dir } = places();
    const source = await slowFile(dir);
    const [map, other] = [join(dir, 'common.map'), join(dir, 'other')];
    mkdirSync(other);
    const chunk = (number: number, out: string): string[] => [
      ...['read', source, '--chunk-size', '2MiB', '--chunk', String(number)],
      ...['--out', out, '--map', map],
    ];
    const { status, answer } = await duringRun(chunk(0, dir), map, () =>
      rescueCommand(chunk(1, other)),
    );
    expect([answer.status, status]).toEqual([7, 0]);
    expect(claimed(map)).toBe(2 * MIB);
    expect(rescueCommand(chunk(1, other)).status).toBe(0);
    expect(claimed(map)).toBe(4 * MIB);
  });
});
