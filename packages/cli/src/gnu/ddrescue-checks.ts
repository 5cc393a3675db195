/** What ddrescue refuses before it opens anything, in its order and words. */
import { finalPath, isSameFile, sharesBytes, statOf } from '@chunkrescue/engine';
import type { DdrescueValues } from './ddrescue-options.ts';
import { GnuError } from './io.ts';

export interface FileNames {
  readonly infile: string;
  readonly outfile: string;
  readonly mapfile: string | undefined;
}

/** @throws GnuError */
export function checkNames(operands: readonly string[]): FileNames {
  const [infile, outfile, mapfile] = operands;
  if (infile === undefined || outfile === undefined) {
    throw usage('Both input and output files must be specified.');
  }
  if (operands.length > 3) throw usage('Too many files.');
  return { infile, outfile, mapfile: mapfile === '' ? undefined : mapfile };
}

/** @throws GnuError */
export function checkFiles(values: DdrescueValues, names: FileNames): void {
  const { infile, outfile, mapfile } = names;
  if (values['same-file'] !== true && isSameFile(infile, outfile)) {
    throw same(outfile, 'Infile and outfile');
  }
  if (values['same-file'] !== true && sharesBytes(infile, outfile)) {
    throw new GnuError(
      `${outfile}: Infile and outfile have bytes in common: one is made of the other.`,
    );
  }
  if (mapfile !== undefined) {
    if (isSameFile(infile, mapfile)) throw same(mapfile, 'Infile and mapfile');
    if (isSameFile(outfile, mapfile)) throw same(mapfile, 'Outfile and mapfile');
    if (sharesBytes(infile, mapfile)) throw same(mapfile, 'The file behind infile and mapfile');
    if (sharesBytes(outfile, mapfile)) throw same(mapfile, 'The file behind outfile and mapfile');
    for (const backup of backupsOf(mapfile)) {
      if (isSameFile(infile, backup)) throw same(infile, 'Infile and mapfile backup');
      if (isSameFile(outfile, backup)) throw same(outfile, 'Outfile and mapfile backup');
    }
  }
  checkLogs(values, names);
}

/** Where the map before is kept: beside the map, and beside the file that a link to it means. */
function backupsOf(mapfile: string): string[] {
  return [`${mapfile}.bak`, `${finalPath(mapfile)}.bak`];
}

/** A log that is one of the rescue's files would be written over it; GNU does that. */
function checkLogs(values: DdrescueValues, names: FileNames): void {
  const { infile, outfile, mapfile } = names;
  const others = [
    infile,
    outfile,
    mapfile,
    values['domain-mapfile'],
    values['test-mode'],
    values['bad-sector-data'],
    ...(mapfile === undefined ? [] : backupsOf(mapfile)),
  ].filter((name): name is string => name !== undefined && name !== '-');
  const logs = [values['log-events'], values['log-rates'], values['log-reads']].filter(
    (name): name is string => name !== undefined,
  );
  for (const [i, log] of logs.entries()) {
    const other = [...others, ...logs.slice(i + 1)].find((name) => isSameFile(name, log));
    if (other !== undefined) throw new GnuError(`${log}: Logfile and ${other} are the same.`);
    const device = [infile, outfile].find((name) => sharesBytes(name, log));
    if (device !== undefined) {
      throw new GnuError(`${log}: Logfile and the file behind ${device} are the same.`);
    }
  }
}

/** @throws GnuError when the map's place is taken by something else */
export function checkMapfile(mapfile: string | undefined): void {
  if (mapfile !== undefined && mapfile !== '-' && isOther(mapfile)) {
    throw new GnuError(`${mapfile}: Mapfile exists and is not a regular file.`);
  }
}

/** @throws GnuError when the output is a device and nobody insists, or an option wants a file */
export function checkOutfile(values: DdrescueValues, outfile: string): void {
  if (!isOther(outfile)) return;
  const first = `${outfile}: Output file exists and is not a regular file.`;
  const wants =
    values.preallocate === true
      ? 'preallocated'
      : values.sparse === true
        ? 'sparse'
        : values['extend-outfile'] !== undefined
          ? 'extended'
          : undefined;
  if (values.force !== true) {
    throw twoErrors(
      first,
      "Use '--force' if you really want to overwrite it, but be\n" +
        '          aware that all existing data in the output file will be lost.',
    );
  }
  if (wants !== undefined) throw twoErrors(first, `Only regular files can be ${wants}.`);
}

/** Whether there is something of that name that is no regular file. */
export function isOther(path: string): boolean {
  const stat = statOf(path);
  return stat !== undefined && !stat.isFile();
}

/** Trouble with the command line: the pointer to `--help` follows. */
export function usage(message: string): GnuError {
  return new GnuError(message, { showsHelp: true });
}

function twoErrors(first: string, second: string): GnuError {
  return new GnuError(`${first}\nddrescue: ${second}`, { showsHelp: true });
}

function same(path: string, who: string): GnuError {
  return new GnuError(`${path}: ${who} are the same.`);
}
