/**
 * Loaded before the program (`node --import`): kills it, for real, before or after the call with a given number
 * that changes a file. All threads of the program count together. Time runs fast, so that a map is saved after
 * nearly every read.
 *
 *     KILL_AT=17 KILL_WHEN=before node --import ./kill-at.mjs packages/cli/bin/rescue.js ...
 *
 * With NO_LINKS=1 the file system has no hard links, as FAT has none.
 * With KILL_AT=count nothing is killed, and the number of calls goes to the file that KILL_COUNT names.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

const CHANGING = [
  ...['closeSync', 'writeSync', 'writeFileSync', 'ftruncateSync', 'fsyncSync', 'fdatasyncSync'],
  ...['fchmodSync', 'fchownSync', 'renameSync', 'linkSync', 'unlinkSync', 'rmSync', 'mkdirSync'],
  ...['copyFileSync', 'openSync'],
];
const SPEED = 200_000;

if (isMainThread) setEnvironmentData('kill-at', new Int32Array(new SharedArrayBuffer(4)));
const count = getEnvironmentData('kill-at');
const { KILL_AT, KILL_WHEN, KILL_COUNT, NO_LINKS } = process.env;
const { openSync, writeFileSync } = fs;

for (const name of CHANGING) {
  const original = fs[name];
  let isInside = false;
  fs[name] = (...args) => {
    // The screen is no file, and opening to read changes nothing.
    if (isInside || args[0] === 1 || args[0] === 2) return original(...args);
    if (name === 'openSync' && (args[1] === undefined || args[1] === 'r' || args[1] === 0)) {
      return original(...args);
    }
    const number = Atomics.add(count, 0, 1);
    const isLast = String(number) === KILL_AT;
    if (isLast && KILL_WHEN === 'before') kill();
    isInside = true;
    try {
      return original(...args);
    } finally {
      isInside = false;
      if (isLast) kill();
    }
  };
}
if (NO_LINKS !== undefined) {
  fs.linkSync = () => {
    throw Object.assign(new Error('EPERM'), { code: 'EPERM', errno: -1, syscall: 'link' });
  };
}
syncBuiltinESMExports();

const now = performance.now.bind(performance);
performance.now = () => now() * SPEED;

if (isMainThread && KILL_AT === 'count') {
  process.on('exit', () =>
    writeFileSync(openSync(KILL_COUNT, 'w'), String(Atomics.load(count, 0))),
  );
}

function kill() {
  process.kill(process.pid, 'SIGKILL');
  // The signal may come a little later, and nothing may happen meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
