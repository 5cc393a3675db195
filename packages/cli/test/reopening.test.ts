/** A source that is opened again and again, as by -O: what is done for its reads is not begun anew each time. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { missingForDevices } from '../../../scripts/faulty-device.ts';
import { closeReaderThread, openFileSource, readerThread } from '../../engine/dist/index.js';
import { MIB } from './command.ts';
import { moodyDevice } from './moody-device.ts';

const missing = missingForDevices();

/** The processes of this one that keep the descriptor of a hanging read open. */
function keepers(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      return stat.includes('(cat) S') && stat.split(' ')[3] === `${process.pid}`;
    } catch {
      // No process, or it ended meanwhile.
      return false;
    }
  });
}

test.skipIf(missing !== undefined)(
  `one process keeps a device open over all its slow reads${missing ? ` (${missing})` : ''}`,
  async (context) => {
    const device = await moodyDevice(context);
    const source = openFileSource(device.path, { direct: true, patient: readerThread });
    const into = source.allocate(4096);
    const seen: string[][] = [];
    source.watch(() => {
      if (keepers().length === 0 || !existsSync(join(device.dir, 'hangs'))) return;
      seen.push(keepers());
      device.well();
    });
    for (const pos of [MIB, 2 * MIB]) {
      device.hangsFrom(pos);
      expect(source.read(pos, into)).toEqual({ copied: 4096, errno: undefined });
      expect(device.bytes.subarray(pos, pos + 4096).equals(into)).toBe(true);
      source.reopen();
    }
    expect(seen).toEqual([[expect.any(String)], seen[0]]);
    expect(keepers()).toEqual(seen[0]);
    source.close();
    closeReaderThread();
    while (keepers().length > 0) await sleep(5);
  },
);
