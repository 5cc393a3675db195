import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileMapStore, type MapStore } from '@chunkrescue/engine';
import { formatMapfile, type Mapfile, MapfileError, RescueMap } from '@chunkrescue/mapfile';
import { describe, expect, test } from 'vitest';
import { ext4Disk, loopOver, missingTools, mountedIn, outputOf } from './loop-disk.ts';
import { missingForSmallDisk, rescueErrorOf, scratchFolder, smallDisk } from './scratch.ts';

/** A map of `blocks` sectors, rescued and bad in turn. */
function mapOf(blocks: number): Mapfile {
  const map = RescueMap.fromBlocks(
    Array.from({ length: blocks }, (_, i) => ({
      pos: i * 512,
      size: 512,
      status: i % 2 === 0 ? ('+' as const) : ('-' as const),
    })),
  );
  return { heading: ['# Mapfile'], position: 0, state: '?', pass: 1, map };
}

function sizeIn(store: MapStore): number | undefined {
  return (store.load() as Mapfile | undefined)?.map.end;
}

describe('a map in a file', () => {
  test('is undefined before the first save, and what was saved after it', () => {
    const path = join(scratchFolder(), 'map');
    const store = fileMapStore(path);
    expect(store.name).toBe(path);
    expect(store.load()).toBeUndefined();
    store.save(mapOf(3));
    expect(readFileSync(path, 'utf8')).toBe(formatMapfile(mapOf(3)));
    expect(sizeIn(store)).toBe(3 * 512);
  });

  test('leaves the one before as .bak, and nothing else', () => {
    const folder = scratchFolder();
    const path = join(folder, 'map');
    const store = fileMapStore(path);
    store.save(mapOf(1));
    expect(readdirSync(folder)).toEqual(['map']);
    store.save(mapOf(2));
    store.save(mapOf(3));
    expect(readdirSync(folder).sort()).toEqual(['map', 'map.bak']);
    expect(sizeIn(fileMapStore(`${path}.bak`))).toBe(2 * 512);
  });

  test('is saved when a crash left the map and .bak as one file, and a temporary one', () => {
    const folder = scratchFolder();
    const path = join(folder, 'map');
    const store = fileMapStore(path);
    store.save(mapOf(1));
    linkSync(path, `${path}.bak`);
    writeFileSync(join(folder, `.map.${process.pid}.tmp`), 'half a m');
    store.save(mapOf(2));
    expect(sizeIn(store)).toBe(2 * 512);
    expect(sizeIn(fileMapStore(`${path}.bak`))).toBe(512);
    expect(readdirSync(folder).sort()).toEqual(['map', 'map.bak']);
  });

  test('stays where a link to it points', () => {
    const folder = scratchFolder();
    mkdirSync(join(folder, 'stick'));
    symlinkSync('stick/real', join(folder, 'map'));
    const store = fileMapStore(join(folder, 'map'));
    store.save(mapOf(1));
    store.save(mapOf(2));
    expect(lstatSync(join(folder, 'map')).isSymbolicLink()).toBe(true);
    expect(sizeIn(fileMapStore(join(folder, 'stick', 'real')))).toBe(2 * 512);
    expect(readdirSync(join(folder, 'stick')).sort()).toEqual(['real', 'real.bak']);
    expect(readdirSync(folder).sort()).toEqual(['map', 'stick']);
  });

  test('has the permissions of the umask, and keeps those it was given', () => {
    const path = join(scratchFolder(), 'map');
    const store = fileMapStore(path);
    store.save(mapOf(1));
    expect(statSync(path).mode & 0o777).toBe(0o666 & ~process.umask());
    chmodSync(path, 0o600);
    store.save(mapOf(2));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

describe('a map that is lost', () => {
  test('is no fresh start while its .bak is there', () => {
    const path = join(scratchFolder(), 'map');
    const store = fileMapStore(path);
    store.save(mapOf(1));
    renameSync(path, `${path}.bak`);
    const error = rescueErrorOf(() => store.load());
    expect(error).toMatchObject({ code: 'map-read', path });
    expect(error.hint).toContain(`cp '${path}.bak' '${path}'`);
  });

  test('is no fresh start when it is empty and its .bak has blocks', () => {
    const path = join(scratchFolder(), 'map');
    const store = fileMapStore(path);
    store.save(mapOf(1));
    store.save(mapOf(2));
    writeFileSync(path, '');
    expect(rescueErrorOf(() => store.load()).message).toContain('is empty');
    writeFileSync(path, formatMapfile({ ...mapOf(1), map: RescueMap.ofOne(0, 0) }));
    expect(rescueErrorOf(() => store.load()).message).toContain('no blocks');
  });

  test('counts as none when it is empty and nothing was there before', () => {
    const path = join(scratchFolder(), 'map');
    writeFileSync(path, '');
    expect(fileMapStore(path).load()).toBeUndefined();
  });

  test('is refused when its text is wrong, with the place', () => {
    const path = join(scratchFolder(), 'map');
    writeFileSync(path, 'no map at all\n');
    const error = rescueErrorOf(() => fileMapStore(path).load());
    expect(error.code).toBe('map-corrupt');
    expect(error.cause).toBeInstanceOf(MapfileError);
    expect(error.message).toBe(`${path}: ${(error.cause as MapfileError).message}`);
  });

  test('is refused where no file is', () => {
    const folder = scratchFolder();
    expect(rescueErrorOf(() => fileMapStore(folder).load()).code).toBe('map-read');
    expect(rescueErrorOf(() => fileMapStore('/dev/null').load()).code).toBe('map-read');
    expect(rescueErrorOf(() => fileMapStore('/dev/null').save(mapOf(1))).code).toBe('map-write');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });
});

describe('a save that fails', () => {
  test('says why when the folder is missing', () => {
    const path = join(scratchFolder(), 'nowhere', 'map');
    const error = rescueErrorOf(() => fileMapStore(path).save(mapOf(1)));
    expect(error).toMatchObject({ code: 'map-write', path });
    expect(error.message).toContain('no such file or directory');
  });

  test('keeps the old map and leaves nothing behind when .bak cannot be made', () => {
    const folder = scratchFolder();
    const path = join(folder, 'map');
    const store = fileMapStore(path);
    store.save(mapOf(1));
    mkdirSync(`${path}.bak`);
    const error = rescueErrorOf(() => store.save(mapOf(2)));
    expect(error.code).toBe('map-write');
    expect(error.message).toContain('the old map is still whole');
    expect(sizeIn(store)).toBe(512);
    expect(readdirSync(folder).sort()).toEqual(['map', 'map.bak']);
  });

  test.skipIf(missingForSmallDisk() !== undefined)(
    'for want of room (root only) keeps the old map whole',
    ({ skip }) => {
      const disk = smallDisk(64);
      if (disk === undefined) return skip('mounting is refused');
      const store = fileMapStore(join(disk, 'map'));
      store.save(mapOf(10));
      const error = rescueErrorOf(() => store.save(mapOf(10_000)));
      expect(error.code).toBe('map-write');
      expect(error.message).toContain('no space left on the disk; the old map is still whole');
      expect(sizeIn(store)).toBe(10 * 512);
      expect(readdirSync(disk)).toEqual(['map']);
    },
  );
});

const missing = missingTools('losetup', 'mkfs.ext4', 'mount', 'umount');

describe.skipIf(missing !== undefined)(
  `a stick that is plugged in again${missing ? ` (${missing})` : ''}`,
  () => {
    /** Unmounts it, does something to the bare folder, and mounts the image by another loop device. */
    function pluggedAgain(
      before: (path: string) => MapStore,
      meanwhile: (store: MapStore) => void,
    ): { store: MapStore; path: string } {
      const { image, device, folder } = ext4Disk() ?? {};
      if (image === undefined || device === undefined || folder === undefined) {
        throw new Error('mounting is refused');
      }
      const path = join(folder, 'map');
      const store = before(path);
      const number = statSync(folder).dev;
      expect(outputOf('umount', folder)).toBeDefined();
      meanwhile(store);
      // A second loop device beside the first, so that the number is another one.
      const second = loopOver(image);
      if (second === undefined || mountedIn(folder, second) === undefined) {
        throw new Error('mounting is refused');
      }
      expect(statSync(folder).dev).not.toBe(number);
      return { store, path };
    }

    const saved = (path: string): MapStore => {
      const store = fileMapStore(path);
      store.save(mapOf(1));
      store.save(mapOf(2));
      return store;
    };
    const loaded = (path: string): MapStore => {
      saved(path);
      const store = fileMapStore(path);
      expect(sizeIn(store)).toBe(1024);
      return store;
    };

    test.each([
      ['saved', saved],
      ['loaded', loaded],
    ])('takes the next map when it has the one that was %s last', (_, before) => {
      const { store } = pluggedAgain(before, (bare) => {
        expect(rescueErrorOf(() => bare.save(mapOf(3))).message).toContain('another file system');
      });
      store.save(mapOf(3));
      expect(sizeIn(store)).toBe(3 * 512);
    });

    test('takes none when its map is another one, or is gone', () => {
      for (const spoil of [
        (path: string) => writeFileSync(path, formatMapfile(mapOf(1))),
        (path: string) => rmSync(path),
      ]) {
        const { store, path } = pluggedAgain(saved, () => {});
        spoil(path);
        expect(rescueErrorOf(() => store.save(mapOf(3))).message).toContain('another file system');
      }
    });
  },
);
