/** What to do next: one or two steps, each with a command line that fits. */
import { dirname, resolve } from 'node:path';
import type { ChunkStatus, JobStatus } from '@chunkrescue/engine';
import { shellWord } from '@chunkrescue/engine';
import { bytes } from '../../screen/units.ts';
import { chunkNumbers, chunkWords } from './chunk-list.ts';
import { readCommand, stickOf, wasFreeing } from './command-line.ts';

export interface Step {
  readonly text: string;
  readonly command?: string | undefined;
}

const STEPS_MAX = 2;
/** More files than that are given by their folder. */
const NAMED_MAX = 3;

/** The first steps first; when they are done, `rescue status` knows the following ones. */
export function nextSteps(job: JobStatus): Step[] {
  if (job.manifest.chunkSize === undefined) return [withoutChunks(job)];
  const steps = [damaged(job), merge(job), readOn(job), notHere(job), lost(job), elsewhere(job)];
  const pressing = steps.filter((step) => step !== undefined);
  if (pressing.length > 0) return pressing.slice(0, STEPS_MAX);
  return [finished(job), retry(job)].filter((step) => step !== undefined);
}

function withoutChunks({ chunks }: JobStatus): Step {
  const isRead = chunks.every(({ read }) => read === 'done');
  return {
    text: isRead
      ? 'Everything was tried. The command that it was begun with tells more with -r 3: it tries bad sectors again.'
      : 'This rescue has no chunks (rescue copy, or read with a domain map). Give the command again that it was begun with: it goes on.',
  };
}

function damaged(job: JobStatus): Step | undefined {
  const rows = job.chunks.filter(({ here }) => here === 'damaged' || here === 'map-missing');
  if (rows.length === 0) return undefined;
  const [is, them] = rows.length === 1 ? ['is', 'it'] : ['are', 'them'];
  // Without the common map a damaged file may be newer than the image.
  if (job.commons.length > 0 && rows.every(({ merged }) => merged === 'done')) {
    return {
      text: `${capital(chunkWords(rows))} ${is} damaged here, but in the image: delete ${them} here.`,
    };
  }
  const { remove, options } = packedOf(rows);
  return {
    text: `${capital(chunkWords(rows))} ${is} damaged here. Copy both files (.raw and .map) again from where you have them; if you have none, delete ${them} here${remove} and read ${them} again, on the PC with the failing disk:`,
    command: readCommand(job, ['--chunk', chunkNumbers(rows), '--reread', ...options]),
  };
}

/** A compressed file is not written over: what is read again gets another name, and it would stay damaged. */
function packedOf(rows: readonly ChunkStatus[]): { remove: string; options: string[] } {
  const packed = rows.flatMap(({ files }) =>
    files.filter(
      ({ state, pair }) =>
        (state === 'damaged' || state === 'map-missing') && /\.(?:gz|zst)$/.test(pair.raw),
    ),
  );
  if (packed.length === 0) return { remove: '', options: [] };
  const names = packed.flatMap(({ pair: { raw, map } }) => [raw, map].map(anywhere).map(shellWord));
  const isGzip = packed.some(({ pair }) => pair.raw.endsWith('.gz'));
  return {
    remove: ` (rm -f ${names.join(' ')})`,
    options: ['--compress', isGzip ? 'gzip' : 'zstd'],
  };
}

/** Finished chunks here that the image does not have. */
function merge(job: JobStatus): Step | undefined {
  const rows = job.chunks.filter(
    ({ here, merged, isReceived }) => here === 'complete' && merged !== 'done' && !isReceived,
  );
  if (rows.length === 0) return undefined;
  const [image] = job.images;
  const command = `rescue merge ${filesOf(rows)} ${shellWord(image?.image ?? 'final.raw')}`;
  const what = capital(chunkWords(rows));
  if (image !== undefined) return { text: `${what}: merge into the image:`, command };
  const again = rows.some(({ merged }) => merged === 'partly') ? ' (again, for what is new)' : '';
  return {
    text: `${what}: carry to the PC with room${again}. There, in the folder of the image:`,
    command,
  };
}

function filesOf(rows: readonly ChunkStatus[]): string {
  const raws = rows.flatMap(({ files }) =>
    files.filter(({ state }) => state === 'complete').map(({ pair }) => anywhere(pair.raw)),
  );
  if (raws.length <= NAMED_MAX) return raws.map(shellWord).join(' ');
  return [...new Set(raws.map((raw) => shellWord(dirname(raw))))].join(' ');
}

/** The command may be given in another folder, that of the image. */
function anywhere(raw: string): string {
  return dirname(raw) === '.' ? resolve(raw) : raw;
}

function readOn(job: JobStatus): Step | undefined {
  if (job.commons.length === 0) return undefined;
  const rows = job.chunks.filter(({ read }) => read !== 'done');
  if (rows.length === 0) return undefined;
  const freed = deletable(job);
  const free = freed.length === 0 && !wasFreeing(job) ? [] : ['--free'];
  const first =
    freed.length === 0
      ? 'as many as the stick takes'
      : `--free first deletes ${chunkWords(freed)} here, which the image has`;
  return {
    text: `${capital(chunkWords(rows))}: still to be read, on the PC with the failing disk (${first}):`,
    command: readCommand(job, ['--fit', ...free]),
  };
}

/** Without the common map nobody here knows whether these were read. */
function notHere(job: JobStatus): Step | undefined {
  if (job.commons.length > 0) return undefined;
  const rows = job.chunks.filter(
    ({ here, merged, read }) => here !== 'complete' && (merged !== 'done' || read !== 'done'),
  );
  if (rows.length === 0) return undefined;
  return {
    text: `${capital(chunkWords(rows))}: not complete here. Go on with the stick on the PC with the failing disk (SOURCE is the disk, COMMON its common map):`,
    command: readCommand(job, ['--fit', '--free']),
  };
}

const LOOK =
  'Look on your other sticks, and beneath the mount point: unmount the stick and look into its folder, where chunks lie that were read while it was not mounted';

/** What was read, but is neither here nor known to be in the image. */
function lost(job: JobStatus): Step | undefined {
  const rows = job.chunks.filter(
    ({ read, here, merged }) => read === 'done' && here !== 'complete' && merged !== 'done',
  );
  if (rows.length === 0 || job.commons.length === 0) return undefined;
  const what = capital(chunkWords(rows));
  if (rows.every(({ merged }) => merged === 'unknown')) {
    const common = shellWord(job.commons[0]?.path ?? 'COMMON');
    return {
      text: `${what}: read, but not here. Give the stick as well, which has them or the receipt of the other PC. If you gave it: ${LOOK}:`,
      command: `rescue status ${common} ${stickOf(job)}`,
    };
  }
  return {
    text: `${what}: read, but neither here nor in the image. ${LOOK}. Merge them; if they are lost, read them again:`,
    command: readCommand(job, ['--chunk', chunkNumbers(rows), '--reread']),
  };
}

/** The files here are in the image, map for map, and more was read: later, with another stick or by ddrescue. */
function elsewhere(job: JobStatus): Step | undefined {
  const rows = job.chunks.filter(
    ({ here, merged, isReceived }) => here === 'complete' && isReceived && merged !== 'done',
  );
  if (rows.length === 0) return undefined;
  return {
    text: `${capital(chunkWords(rows))}: more was read than the image has, and the maps here know nothing of it. Merge the other stick, too. If ddrescue went on with the files here, delete none of them; on the PC with the failing disk:`,
    command: readCommand(job, ['--chunk', chunkNumbers(rows), '--trust-target']),
  };
}

function finished(job: JobStatus): Step {
  const { totals, images } = job;
  const [image] = images;
  const rest = deletable(job);
  if (image === undefined) {
    const what = totals.bad === 0 ? 'Everything is rescued.' : `${tried(totals.bad)}.`;
    const files = rest.length === 0 ? '' : ` The files of ${chunkWords(rest)} here may be deleted.`;
    return { text: `${what} The image is on the other PC.${files}` };
  }
  const what =
    totals.bad === 0
      ? 'Everything is rescued.'
      : `${tried(totals.bad)}; ${image.path} says where its gaps are.`;
  const files = rest.length === 0 ? '' : ` After that the files of ${chunkWords(rest)} may go.`;
  return {
    text: `${what} Look whether the image is as it was read, then work on a copy of it.${files}`,
    command: `rescue verify ${shellWord(image.image)}`,
  };
}

function tried(bad: number): string {
  return `Everything was tried, and ${bytes(bad)} could not be read`;
}

function retry(job: JobStatus): Step | undefined {
  if (job.totals.bad === 0) return undefined;
  return {
    text: 'If the disk still works, try its bad sectors again on the PC where it is; then carry and merge what was gained:',
    command: readCommand(job, ['--retry-bad', '-r', '3']),
  };
}

/** Chunks whose files here the image has, map for map; and of which nothing else was read, that may be in these files. */
function deletable({ chunks }: JobStatus): ChunkStatus[] {
  return chunks.filter(({ isReceived, merged }) => isReceived && merged === 'done');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
