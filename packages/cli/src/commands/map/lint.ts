/** `rescue map lint`: what is wrong or odd in a map, above all in one made by hand. */
import { lintMapfile, type MapFinding } from '@chunkrescue/mapfile';
import type { Argv } from 'yargs';
import type { Context } from '../../context.ts';
import { EXIT, type ExitStatus } from '../../exit.ts';
import { count, printable } from '../../screen/units.ts';
import { forEachMap, LISTED_MAX, type MapListArguments, withMapList } from './each.ts';
import { readMapText } from './input.ts';

export function lintOptions(argv: Argv): Argv<MapListArguments> {
  return withMapList(argv, `Tell all that is found, not only ${LISTED_MAX} of each map`)
    .example('$0 map lint chunk.map', 'octal numbers, units, gaps, a missing status line, …')
    .strict() as unknown as Argv<MapListArguments>;
}

export async function lint(args: MapListArguments, context: Context): Promise<ExitStatus> {
  return forEachMap(args.files, context, (path) => {
    const findings = lintMapfile(readMapText(path));
    const errors = findings.filter((finding) => finding.severity === 'error').length;
    const record = { type: 'lint', map: path, valid: errors === 0, findings };
    const shown = args.all ? findings : findings.slice(0, LISTED_MAX);
    const more = findings.length - shown.length;
    const name = printable(path);
    const lines = [
      ...shown.map((finding) => `${name}: ${sentence(finding)}`),
      ...(more > 0 ? [`${name}: and ${more} more; --all tells them`] : []),
      `${name}: ${verdict(errors, findings.length)}`,
    ];
    context.report.result(record, lines.join('\n'));
    return errors > 0 ? EXIT.corrupt : EXIT.rescued;
  });
}

function sentence({ severity, line, column, message, hint }: MapFinding): string {
  const kind = severity === 'error' ? 'error: ' : '';
  const end = hint === undefined ? '' : `. ${hint}`;
  return `line ${line}, column ${column}: ${kind}${message}${end}`;
}

function verdict(errors: number, findings: number): string {
  if (errors > 0) return `cannot be used, ${count(errors, 'error')}`;
  return findings === 0 ? 'clean' : 'can be used; look whether it says what you mean';
}
