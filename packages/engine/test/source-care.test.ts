/** A disk that is away when the next chunk is to be read. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type FileRescueEvent,
  type FileRescueJob,
  RescueError,
  rescueFilesBlocking,
} from '@chunkrescue/engine';
import { expect, onTestFinished, test } from 'vitest';

const SIZE = 64 * 1024;

function places(): { disk: string; job: FileRescueJob } {
  const dir = mkdtempSync(join(tmpdir(), 'rescue-care-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const disk = join(dir, 'disk');
  writeFileSync(disk, Buffer.alloc(SIZE, 7));
  const job: FileRescueJob = {
    ...{ source: disk, direct: 'never', settings: {} },
    ...{ target: join(dir, 'image'), map: join(dir, 'map') },
  };
  return { disk, job };
}

const never = { aborted: false };
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    if (!(error instanceof RescueError)) throw error;
    return error.code;
  }
};

test('is lost, where a rescue was begun; a wrong name otherwise', () => {
  const { disk, job } = places();
  rmSync(disk);
  const go = (): unknown => rescueFilesBlocking(job, { signal: never, onEvent: () => {} });
  expect(codeOf(go)).toBe('source-open');
  writeFileSync(job.map, '0 ? 1\n0 0x10000 ?\n');
  expect(codeOf(go)).toBe('source-lost');
});

test('is waited for', () => {
  const { disk, job } = places();
  writeFileSync(job.map, '0 ? 1\n0 0x10000 ?\n');
  renameSync(disk, `${disk}.away`);
  const events: string[] = [];
  const onEvent = ({ type }: FileRescueEvent): void => {
    events.push(type);
    if (type === 'lost') renameSync(`${disk}.away`, disk);
  };
  const { end } = rescueFilesBlocking({ ...job, waits: true }, { signal: never, onEvent });
  expect([end, events.slice(0, 2)]).toEqual(['finished', ['lost', 'back']]);
});

test('is waited for until the run is stopped', () => {
  const { disk, job } = places();
  writeFileSync(job.map, '0 ? 1\n0 0x10000 ?\n');
  rmSync(disk);
  const signal = { aborted: false };
  const onEvent = (): void => {
    signal.aborted = true;
  };
  expect(rescueFilesBlocking({ ...job, waits: true }, { signal, onEvent }).end).toBe('aborted');
});
