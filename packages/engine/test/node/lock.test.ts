import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { lockFile } from '@chunkrescue/engine';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { rescueErrorOf, scratchFolder } from './scratch.ts';
import { withAndWithoutFsExt } from './with-and-without-fs-ext.ts';

const ENGINE = new URL('../../dist/index.js', import.meta.url).href;

/** A program that takes the lock on its argument, says so, and holds it until its input ends. */
const holder = `
  import { allowFsExt, lockFile } from ${JSON.stringify(ENGINE)};
  allowFsExt();
  try {
    lockFile(process.argv[1]);
    console.log('held');
  } catch (error) {
    console.log(error.code ?? error);
  }
  process.stdin.resume().on('end', () => process.exit());`;

interface Holder {
  /** What it said: `held`, or the code of an error. */
  readonly said: string;
  end(): Promise<void>;
}

async function startHolder(path: string): Promise<Holder> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', holder, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const [said] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return {
    said: said.trim(),
    async end() {
      child.stdin.end();
      await ended;
    },
  };
}

/** The number of a process that has ended. */
function deadPid(): number {
  return spawnSync('true').pid;
}

function leaveLock(path: string, owner: object): void {
  const text = { id: 'x', pid: deadPid(), host: hostname(), flock: false, date: 'once', ...owner };
  writeFileSync(`${path}.lock`, JSON.stringify(text));
}

withAndWithoutFsExt('a lock', (hasFsExt) => {
  test('tells who has it, and goes when given up', () => {
    const folder = scratchFolder();
    const path = join(folder, 'map');
    const lock = lockFile(path);
    expect(lock.path).toBe(`${path}.lock`);
    const owner = JSON.parse(readFileSync(lock.path, 'utf8')) as object;
    expect(owner).toMatchObject({ pid: process.pid, host: hostname(), flock: hasFsExt });
    lock.close();
    lock.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('refuses a second one, in this process too, by whatever name', () => {
    const folder = scratchFolder();
    const path = join(folder, 'map');
    symlinkSync('map', join(folder, 'link'));
    const lock = lockFile(path);
    for (const name of [path, join(folder, 'link')]) {
      const error = rescueErrorOf(() => lockFile(name));
      expect(error.code).toBe('locked');
      expect(error.message).toContain(`process ${process.pid} on ${hostname()}`);
    }
    lock.close();
    lockFile(path).close();
    expect(readdirSync(folder)).toEqual(['link']);
  });

  test('of another process is refused while it works, and free when it was killed', async () => {
    const path = join(scratchFolder(), 'map');
    const other = await startHolder(path);
    expect(other.said).toBe('held');
    expect(rescueErrorOf(() => lockFile(path)).code).toBe('locked');
    // The holder ends without giving the lock up.
    await other.end();
    expect(existsSync(`${path}.lock`)).toBe(true);
    lockFile(path).close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('of a process that is gone is taken over', () => {
    const folder = scratchFolder();
    const path = join(folder, 'map');
    leaveLock(path, {});
    const lock = lockFile(path);
    expect(readFileSync(lock.path, 'utf8')).toContain(`"pid":${process.pid}`);
    lock.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.skipIf(!existsSync('/proc/self/stat'))(
    'of an earlier process with the number of a living one is taken over',
    () => {
      const path = join(scratchFolder(), 'map');
      leaveLock(path, { pid: process.pid, started: '1' });
      lockFile(path).close();
    },
  );

  test('of a living process whose start is not known is refused', () => {
    const path = join(scratchFolder(), 'map');
    leaveLock(path, { pid: process.pid });
    expect(rescueErrorOf(() => lockFile(path)).code).toBe('locked');
  });

  test('of another host is refused, and says what to do', () => {
    const path = join(scratchFolder(), 'map');
    leaveLock(path, { host: 'elsewhere' });
    const error = rescueErrorOf(() => lockFile(path));
    expect(error.code).toBe('locked');
    expect(error.message).toContain('on elsewhere');
    expect(error.hint).toContain(`remove ${path}.lock`);
  });

  test('that cannot be understood is refused, and says what to do', () => {
    const path = join(scratchFolder(), 'map');
    writeFileSync(`${path}.lock`, 'what?');
    const error = rescueErrorOf(() => lockFile(path));
    expect(error.code).toBe('locked');
    expect(error.hint).toContain('remove the lock file');
  });

  test('that has no text after a while is taken over: its owner was killed while it made it', () => {
    const path = join(scratchFolder(), 'rescue.map');
    writeFileSync(`${path}.lock`, '');
    writeFileSync(`${path}.lock.takeover`, '');
    let nowMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
      nowMs += 500;
      return nowMs;
    });
    onTestFinished(() => clock.mockRestore());
    const lock = lockFile(path);
    expect(nowMs).toBeGreaterThan(2000);
    expect(JSON.parse(readFileSync(lock.path, 'utf8'))).toMatchObject({ pid: process.pid });
    lock.close();
    expect(existsSync(lock.path)).toBe(false);
  });

  test('is taken over even after a crash in the midst of a takeover', () => {
    const folder = scratchFolder();
    const path = join(folder, 'map');
    leaveLock(path, {});
    writeFileSync(`${path}.lock.takeover`, readFileSync(`${path}.lock`));
    lockFile(path).close();
    expect(readdirSync(folder).filter((name) => name.startsWith('map.lock.'))).toEqual([]);
  });

  test('that was left over is taken by one of many who want it at once', async () => {
    const folder = scratchFolder();
    const path = join(folder, 'map');
    leaveLock(path, {});
    const holders = await Promise.all(Array.from({ length: 12 }, () => startHolder(path)));
    const said = holders.map((one) => one.said).sort();
    expect(said).toEqual(['held', ...Array.from({ length: 11 }, () => 'locked')]);
    expect(readdirSync(folder)).toEqual(['map.lock']);
    await Promise.all(holders.map((one) => one.end()));
  });

  test('is not removed when it is no longer ours', () => {
    const path = join(scratchFolder(), 'map');
    const lock = lockFile(path);
    leaveLock(path, { host: 'elsewhere' });
    lock.close();
    expect(readFileSync(`${path}.lock`, 'utf8')).toContain('elsewhere');
  });
});

describe('a lock in a bad place', () => {
  test('says why it cannot be made', () => {
    const folder = scratchFolder();
    const error = rescueErrorOf(() => lockFile(join(folder, 'nowhere', 'map')));
    expect(error.code).toBe('map-write');
    expect(error.message).toContain('no such file or directory');
    mkdirSync(join(folder, 'map.lock'));
    expect(rescueErrorOf(() => lockFile(join(folder, 'map'))).code).toBe('map-write');
  });
});
