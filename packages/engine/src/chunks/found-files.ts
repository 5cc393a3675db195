/**
 * What lies in some places of rescues: common maps, chunks, images and receipts. Looks at maps and at the
 * lengths of files; reads no byte of what was rescued, and writes nothing.
 */
import { RescueError } from '../errors.ts';
import { errnoOf, reasonOf } from '../node/errno.ts';
import { namesIn, pathOf, splitPath } from '../node/folders.ts';
import { statOf } from '../node/paths.ts';
import { mapNameOf } from './chunk-names.ts';
import { type FoundChunk, findChunk } from './found-chunk.ts';
import { type FoundImage, type FoundMap, findImage, findMap, kindOfMap } from './found-map.ts';
import type { Refusal } from './merge-job.ts';
import { type Receipt, readReceipt } from './receipt.ts';

/** A file that nothing can be learnt from. */
export interface FoundTrouble extends Refusal {
  readonly path: string;
}

/** All that was found, in the order of the places and of the names in them. */
export interface FoundFiles {
  readonly commons: readonly FoundMap[];
  readonly chunks: readonly FoundChunk[];
  readonly images: readonly FoundImage[];
  readonly receipts: readonly Receipt[];
  readonly troubles: readonly FoundTrouble[];
}

type Finding = { -readonly [Key in keyof FoundFiles]: FoundFiles[Key][number][] };

/**
 * Looks into folders, and at common maps, chunks and images with what lies beside them of the same rescue.
 * Folders in folders are left alone.
 * @throws RescueError `map-read` when there is nothing of a name, or nothing that belongs to a rescue
 */
export function findFiles(places: readonly string[]): FoundFiles {
  const all = nothing();
  const seen = new Set<string>();
  for (const place of places) {
    const stat = statOf(place);
    if (stat === undefined) {
      throw new RescueError('map-read', `There is no file or folder ${place}.`, {
        path: place,
        hint: 'Is the stick mounted? Look whether the name and the folder are right.',
      });
    }
    add(all, stat.isDirectory() ? inFolder(place) : aroundFile(place), seen);
  }
  return all;
}

function nothing(): Finding {
  return { commons: [], chunks: [], images: [], receipts: [], troubles: [] };
}

/** A file that was given twice, by two names perhaps, counts once. */
function add(all: Finding, more: Finding, seen: Set<string>): void {
  const isNew = (path: string): boolean => {
    const stat = statOf(path);
    const key = stat === undefined ? path : `${stat.dev}:${stat.ino}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  };
  all.commons.push(...more.commons.filter(({ path }) => isNew(path)));
  all.chunks.push(...more.chunks.filter(({ path }) => isNew(path)));
  all.images.push(...more.images.filter(({ path }) => isNew(path)));
  all.receipts.push(...more.receipts.filter(({ path }) => isNew(path)));
  all.troubles.push(...more.troubles.filter(({ path }) => isNew(path)));
}

function inFolder(folder: string): Finding {
  const found = nothing();
  for (const name of namesOf(folder)) look(pathOf(folder, name), found, { isGiven: false });
  return found;
}

function namesOf(folder: string): string[] {
  try {
    return namesIn(folder);
  } catch (cause) {
    const errno = errnoOf(cause);
    throw new RescueError('map-read', `Can't look into folder ${folder}: ${reasonOf(errno)}.`, {
      path: folder,
      errno,
      cause,
      hint: 'Are you root? Try sudo.',
    });
  }
}

/** A folder may hold other rescues too; of a file that was given only its own is meant. */
function aroundFile(path: string): Finding {
  const own = nothing();
  look(path, own, { isGiven: true });
  const jobs = jobsOf(own);
  const { folder } = splitPath(path);
  const beside = inFolder(folder);
  const isOwn = (job: string | undefined): boolean => job !== undefined && jobs.has(job);
  return {
    commons: [...own.commons, ...beside.commons.filter(({ manifest }) => isOwn(manifest.job))],
    chunks: [
      ...own.chunks,
      ...beside.chunks.filter((each) => each.facts === undefined || isOwn(each.facts.manifest.job)),
    ],
    images: [...own.images, ...beside.images.filter(({ manifest }) => isOwn(manifest.job))],
    receipts: [...own.receipts, ...beside.receipts.filter(({ job }) => isOwn(job))],
    troubles: own.troubles,
  };
}

function jobsOf({ commons, chunks, images, receipts }: Finding): Set<string> {
  const manifests = [...commons, ...images].map(({ manifest }) => manifest);
  const jobs = [
    ...manifests.flatMap(({ job, otherJobs = [] }) => [job, ...otherJobs]),
    ...chunks.map(({ facts }) => facts?.manifest.job),
    ...receipts.map(({ job }) => job),
  ];
  return new Set(jobs.filter((job) => job !== undefined));
}

/** @throws RescueError `map-read` for a file that was given and belongs to no rescue */
function look(path: string, found: Finding, { isGiven }: { readonly isGiven: boolean }): void {
  if (/\.lock$|\.bak$|^\./.test(splitPath(path).name) && !isGiven) return;
  const kind = kindOfMap(path, { isGiven });
  if (kind === undefined && !isGiven) return;
  try {
    if (kind === 'image') found.images.push(findImage(path, { isGiven }));
    else if (kind === 'common')
      found.commons.push(findMap(/\.map$/.test(path) ? path : mapNameOf(path)));
    else if (kind === 'receipt') found.receipts.push(receiptIn(path));
    else {
      const chunk = kind === 'plan' ? undefined : findChunk(path);
      if (chunk !== undefined) found.chunks.push(chunk);
      else if (isGiven) throw notOfARescue(path, { isPlan: kind === 'plan' });
    }
  } catch (error) {
    const isStranger = kind === undefined || kind === 'plan';
    if (!(error instanceof RescueError) || isStranger) throw error;
    const { code, message, hint } = error;
    found.troubles.push({ path, code, message, hint });
  }
}

function receiptIn(path: string): Receipt {
  const receipt = readReceipt(path);
  if (receipt !== undefined) return receipt;
  throw new RescueError('map-corrupt', `${path} is damaged; it counts for nothing.`, {
    path,
    hint: 'Merge any chunk once more on the other PC: that writes a new receipt.',
  });
}

function notOfARescue(path: string, { isPlan }: { readonly isPlan: boolean }): RescueError {
  const what = isPlan
    ? 'is a plan: it says what is to be read, not what was'
    : 'is nothing that rescue wrote';
  return new RescueError('map-read', `${path} ${what}.`, {
    path,
    hint: 'Give the common map, an image made by rescue merge, or the folder with the chunks. What any map says: rescue map show MAP',
  });
}
