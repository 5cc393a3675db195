/** Ways in which a byte could be claimed that is not there, or a chunk be deleted that nobody has. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { mergeChunks, seal } from '@chunkrescue/engine';
import { parseMapfile } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';
import { type Answer, BAD, DEMO, MIB, rescueCommand, temporaryDirectory } from './command.ts';

/** A stick, the PC with the disk, the PC with the image. */
function places(): { stick: string; common: string; image: string } {
  const dir = temporaryDirectory();
  for (const name of ['stick', 'home', 'other']) mkdirSync(join(dir, name));
  const common = join(dir, 'home', 'common.map');
  return { stick: join(dir, 'stick'), common, image: join(dir, 'other', 'final.raw') };
}

function read(at: { stick: string; common: string }, ...more: readonly string[]): Answer {
  const where = ['--out', at.stick, '--map', at.common, '--chunk-size', '1MiB'];
  return rescueCommand(['read', DEMO, ...where, ...more]);
}

const rescued = (map: string): number => parseMapfile(readFileSync(map, 'utf8')).map.sizeOf('+');

describe('--trust-target', () => {
  test('is not believed of a compact chunk, where ddrescue writes elsewhere', () => {
    const at = places();
    read(at, ...BAD, '--chunk', '1', '--layout', 'compact');
    const raw = join(at.stick, 'chunk01.raw');
    const words = ['-r1', '--trust-outfile', '-i1MiB', '-s1MiB', DEMO, raw, at.common];
    rescueCommand(['ddrescue', ...words]);
    const trusting = read(at, '--chunk', '1', '--trust-target');
    expect([trusting.status, trusting.stderr]).toEqual([7, expect.stringContaining('compact')]);
  });

  test('never makes holes of what another file has into data', () => {
    const at = places();
    read(at, ...BAD, '--chunk', '0');
    rescueCommand(['merge', at.stick, at.image]);
    read(at, '--retry-bad', '--next', '--free');
    rmSync(join(at.stick, 'chunk00.raw'));
    rmSync(join(at.stick, 'chunk00.map'));
    expect(read(at, '--retry-bad').status).toBe(0);
    const claimed = rescued(join(at.stick, 'chunk00.map'));
    expect(claimed).toBe(MIB - 1034752);
    read(at, '--chunk', '0', '--trust-target');
    expect(rescued(join(at.stick, 'chunk00.map'))).toBe(claimed);
  });

  test('is told on the other PC, which then never ends with 0', () => {
    const at = places();
    read(at, '--chunk', '4', '--layout', 'sparse');
    const map = join(at.stick, 'chunk04.map');
    const text = readFileSync(map, 'utf8').replace('0x00000600  +', '0x00000600  ?');
    writeFileSync(map, seal(text.replace(/^# (?:Digests|Sample):.*\n/gm, '')));
    expect(read(at, '--chunk', '4').status).toBe(7);
    expect(read(at, '--chunk', '4', '--trust-target').status).toBe(0);
    const merge = rescueCommand(['merge', join(at.stick, 'chunk04.raw'), at.image]);
    expect(merge.stdout).toContain('came from chunks whose map');
    read(at, '--chunk', '0-3');
    expect(rescueCommand(['merge', at.stick, at.image]).status).toBe(4);
  });
});

describe('a receipt', () => {
  test('names nothing that an image begun anew does not have', () => {
    const at = places();
    read(at, '--chunk', '0-2');
    rescueCommand(['merge', at.stick, at.image]);
    for (const name of ['final.raw', 'final.map', 'final.map.bak']) {
      rmSync(join(at.image, '..', name), { force: true });
    }
    const again = [join(at.stick, 'chunk00.raw'), at.image];
    const refused = rescueCommand(['merge', ...again]);
    expect([refused.status, refused.stderr]).toEqual([7, expect.stringContaining('--new-image')]);
    rescueCommand(['merge', '--new-image', ...again]);
    read(at, '--chunk', '4');
    expect(read(at, '--next', '--free').stdout).toContain('the other PC has them: chunk00.raw.');
    expect(existsSync(join(at.stick, 'chunk01.raw'))).toBe(true);
    expect(rescueCommand(['verify', at.image]).status).toBe(0);
  });
});

describe('an image', () => {
  test('is no common map', () => {
    const at = places();
    read(at, '--chunk', '0');
    rescueCommand(['merge', at.stick, at.image]);
    const map = join(at.image, '..', 'final.map');
    const before = readFileSync(map);
    const wrong = read({ ...at, common: map }, '--chunk', '2');
    expect([wrong.status, wrong.stderr]).toEqual([7, expect.stringContaining('of an image')]);
    expect(readFileSync(map).equals(before)).toBe(true);
  });

  test('that was damaged is not called merged, and is mended by --replace', () => {
    const at = places();
    read(at, '--chunk', '0-1');
    rescueCommand(['merge', at.stick, at.image]);
    const bytes = readFileSync(at.image);
    bytes.fill(0x55, MIB + 5000, MIB + 5004);
    writeFileSync(at.image, bytes);
    expect(rescueCommand(['verify', at.image]).stdout).toContain('merge --replace');
    const again = rescueCommand(['merge', at.stick, at.image]);
    expect([again.status, again.stderr]).toEqual([
      7,
      expect.stringContaining(`byte ${MIB + 5000}`),
    ]);
    rescueCommand(['merge', '--replace', at.stick, at.image]);
    expect(rescueCommand(['verify', at.image]).status).toBe(0);
    expect(
      readFileSync(at.image)
        .subarray(0, 2 * MIB)
        .equals(readFileSync(DEMO).subarray(0, 2 * MIB)),
    ).toBe(true);
  });

  test('claims nothing of what was being replaced when it was stopped', () => {
    const at = places();
    read(at, '--chunk', '0');
    rescueCommand(['merge', at.stick, at.image]);
    const job = {
      chunks: [{ raw: join(at.stick, 'chunk00.raw'), map: join(at.stick, 'chunk00.map') }],
      image: at.image,
      map: join(at.image, '..', 'final.map'),
      replaces: true,
    };
    let asked = 0;
    const signal = {
      get aborted() {
        return asked++ >= 2;
      },
    };
    const { end } = mergeChunks(job, { signal, onEvent: () => {} });
    expect(end).toBe('aborted');
    expect(rescued(job.map)).toBe(0);
    expect(readdirSync(join(at.image, '..', 'final.chunks'))).toEqual([]);
    mergeChunks({ ...job, replaces: false }, { signal: { aborted: false }, onEvent: () => {} });
    expect(rescueCommand(['verify', at.image]).status).toBe(0);
  });
});

describe('rescue verify --source', () => {
  test('does not end with 0 where nothing could be compared', () => {
    const at = places();
    read(at, '--chunk', '0');
    rescueCommand(['merge', at.stick, at.image]);
    rmSync(join(at.image, '..', 'final.chunks'), { recursive: true });
    expect(rescueCommand(['verify', at.image, '--source', DEMO]).status).toBe(4);
  });
});

describe('read', () => {
  test('keeps what a chunk has when the common map was not saved any more', () => {
    const at = places();
    read(at, ...BAD, '--chunk', '1');
    const old = join(at.stick, 'old.map');
    copyFileSync(at.common, old);
    read(at, '--retry-bad');
    copyFileSync(old, at.common);
    rmSync(old);
    read(at, ...BAD, '--chunk', '1');
    expect(rescued(join(at.stick, 'chunk01.map'))).toBe(MIB);
    expect(rescued(at.common)).toBe(MIB);
  });

  test('goes on after a stop between the first map of a chunk and the first common one', () => {
    const at = places();
    read(at, '--chunk', '0');
    const map = join(at.stick, 'chunk00.map');
    const blank = readFileSync(map, 'utf8')
      .replace(/ \+\n$/, ' ?\n')
      .replace(/^# Digests.*\n/m, '');
    writeFileSync(map, seal(blank));
    truncateSync(join(at.stick, 'chunk00.raw'), 0);
    rmSync(at.common);
    rmSync(`${at.common}.bak`, { force: true });
    expect(read(at, '--chunk', '0').status).toBe(0);
  });

  test('--reread makes a chunk anew whose map is damaged', () => {
    const at = places();
    read(at, '--chunk', '0');
    writeFileSync(join(at.stick, 'chunk00.map'), 'rubbish');
    expect(read(at, '--chunk', '0').status).toBe(2);
    expect(read(at, '--chunk', '0', '--reread').status).toBe(0);
    expect(rescueCommand(['verify', at.stick]).status).toBe(0);
  });

  test('--retry-bad without a map is no success', () => {
    const at = places();
    read(at, ...BAD, '--chunk', '0');
    rmSync(at.common);
    rmSync(`${at.common}.bak`, { force: true });
    expect(read(at, '--retry-bad').status).toBe(1);
  });
});
