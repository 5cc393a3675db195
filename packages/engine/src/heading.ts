import type { Phase } from './strategy/request.ts';
import { VERSION } from './version.ts';

/** What the heading of a mapfile tells. */
export interface HeadingInput {
  /** How the program was called, for whoever finds the map. */
  readonly commandLine?: string | undefined;
  readonly startTime: Date;
  readonly now: Date;
  /** What the run is doing; undefined before the first read. */
  readonly message: string | undefined;
  /** More comment lines, each without its `#`. */
  readonly comments?: readonly string[] | undefined;
}

/** The comment lines in front of the status line, in the form that ddrescue gives them. */
export function mapHeading(input: HeadingInput): string[] {
  const lines = [`Mapfile. Created by rescue version ${VERSION} (chunkrescue)`];
  if (input.commandLine !== undefined) lines.push(`Command line: ${oneLine(input.commandLine)}`);
  lines.push(`Start time:   ${localTime(input.startTime)}`);
  lines.push(`Current time: ${localTime(input.now)}`);
  if (input.message !== undefined) lines.push(input.message);
  for (const comment of input.comments ?? []) lines.push(oneLine(comment));
  return lines.map((line) => `# ${line}`);
}

/** ddrescue's sentence for a phase. */
export function phaseMessage(phase: Phase, pass: number, direction: string): string {
  switch (phase) {
    case 'copying':
      return `Copying non-tried blocks... Pass ${pass} (${direction})`;
    case 'trimming':
      return `Trimming failed blocks... (${direction})`;
    case 'sweeping':
      return `Sweeping non-tried blocks... (${direction})`;
    case 'scraping':
      return `Scraping failed blocks... (${direction})`;
    case 'retrying':
      return `Retrying bad sectors... Retry ${pass} (${direction})`;
  }
}

/** Control characters would end the comment, or reach somebody's terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
