import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
// The worker is a file of its own, so this is about what was built.
import {
  type FileRescueEvent,
  type FileRescueJob,
  RescueWorker,
  rescueFiles,
} from '../dist/index.js';

let dir: string;
let job: FileRescueJob;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rescue-worker-'));
  writeFileSync(join(dir, 'disk'), Buffer.alloc(1_000_000, 'disk'));
  const [source, target, map] = ['disk', 'image', 'map'].map((name) => join(dir, name));
  job = { source, target, map, direct: 'never', settings: {} } as FileRescueJob;
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('rescues beside the caller, and tells what happens', async () => {
  const events: FileRescueEvent['type'][] = [];
  const { end, progress } = await rescueFiles(job, { onEvent: ({ type }) => events.push(type) });
  expect(end).toBe('finished');
  expect(progress.rescued).toBe(1_000_000);
  expect(Buffer.compare(readFileSync(job.target), readFileSync(job.source))).toBe(0);
  expect(events).toEqual(expect.arrayContaining(['started', 'phase', 'saved', 'ended']));
});

test('stops when told to before it began, with nothing claimed', async () => {
  const { end, progress } = await rescueFiles(job, { signal: AbortSignal.abort() });
  expect([end, progress.rescued]).toEqual(['aborted', 0]);
});

test('an error of the world keeps its code across the threads, and the worker lives on', async () => {
  const worker = new RescueWorker();
  await expect(worker.rescue({ ...job, source: join(dir, 'no') })).rejects.toMatchObject({
    name: 'RescueError',
    code: 'source-open',
  });
  expect((await worker.rescue(job)).end).toBe('finished');
  await worker.close();
});

test('a map is locked for one worker at a time', async () => {
  const [first, second] = [new RescueWorker(), new RescueWorker()];
  await first.lock(job.map);
  await expect(second.lock(job.map)).rejects.toMatchObject({ code: 'locked' });
  await first.close();
  await second.lock(job.map);
  await second.close();
});

test('a fault in the worker is told, and closing it does not hang', async () => {
  const worker = new RescueWorker();
  const broken = { ...job, settings: { clusterSize: -1 } };
  await expect(worker.rescue(broken)).rejects.toThrow('cluster');
  await worker.close();
  await worker.close();
});

test('many workers at once and one after the other do not crash the process', async () => {
  for (let round = 0; round < 3; round++) {
    const jobs = [1, 2, 3].map((n) => ({
      ...job,
      target: `${job.target}${round}${n}`,
      map: `${job.map}${round}${n}`,
    }));
    const results = await Promise.all(jobs.map((each) => rescueFiles(each)));
    expect(results.map(({ end }) => end)).toEqual(['finished', 'finished', 'finished']);
  }
});

test.each([
  ['64 KiB', 65536, 'sparse'],
  ['odd sizes over several pieces', 512 * 5555, 'compact'],
  ['16 MiB', 16 * 1024 * 1024, 'sparse'],
] as const)(
  'digests taken beside reads of %s are those of the source',
  async (_, clusterSize, layout) => {
    const size = 40 * 1024 * 1024 + 512;
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < size; i += 4) bytes.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
    writeFileSync(job.source, bytes);
    const range = { pos: 1536, size: size - 1536 };
    const chunk = { map: join(dir, 'own.map'), manifest: { chunk: 0, range, layout } };
    const manifest = { job: '0123456789abcdef', sourceSize: size };
    const worker = new RescueWorker();
    const { check, gained } = await worker.rescue({
      ...job,
      manifest,
      domain: [range],
      chunk,
      settings: { sectorSize: 512, clusterSize },
      targetSize: size,
    });
    expect(gained).toBe(range.size);
    expect(check?.different).toEqual([]);
    const pair = { raw: job.target, map: chunk.map };
    const disk = await worker.verify({
      targets: [{ kind: 'chunk', pair }],
      source: { path: job.source },
    });
    expect(disk.targets[0]).toMatchObject({ same: range.size, different: [], unreadable: [] });
    await worker.close();
  },
);
