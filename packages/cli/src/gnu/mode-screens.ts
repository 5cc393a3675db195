/** The screens of fill and generate mode. */
import type { FillProgress, GenerateProgress } from '@chunkrescue/engine';
import type { DdrescueValues } from './ddrescue-options.ts';
import type { FillScreen } from './fill-mode.ts';
import type { GenerateScreen } from './generate-mode.ts';
import type { TalkingIo } from './io.ts';
import {
  type FillStatus,
  fillBlock,
  type GenerateStatus,
  generateBlock,
  ModeScreen,
} from './mode-blocks.ts';
import {
  fillHeading,
  fillStatusLines,
  generateHeading,
  INTERRUPT_LINE,
  type Positions,
  titleLine,
} from './screen-heading.ts';

export function fillScreen(values: DdrescueValues, io: TalkingIo, heading: Positions): FillScreen {
  const isBinary = values['binary-prefixes'] ?? false;
  const rates = timing((progress: FillProgress) => progress.filled);
  const types = (values['fill-mode']?.statuses ?? []).join('');
  const isDirectOut = values.odirect ?? false;
  return screenOf<FillProgress, FillStatus>(io, {
    heading: (progress) => [
      titleLine(),
      ...fillHeading(
        {
          ...heading,
          types,
          isDirectOut,
          fillSize: progress.filled + progress.remaining,
        },
        { verbosity: io.verbosity, isBinary },
      ),
      INTERRUPT_LINE,
      ...fillStatusLines(progress, isBinary),
    ],
    status: (progress) => ({ ...progress, ...rates(progress) }),
    lineCount: 3,
    lines: (each) => fillBlock(each, isBinary),
    message: 'Filling blocks...',
  });
}

export function generateScreen(
  values: DdrescueValues,
  io: TalkingIo,
  heading: Positions,
): GenerateScreen {
  const isBinary = values['binary-prefixes'] ?? false;
  const rates = timing((progress: GenerateProgress) => progress.generated);
  return screenOf<GenerateProgress, GenerateStatus>(io, {
    heading: () => [
      titleLine(),
      ...generateHeading(heading, { verbosity: io.verbosity, isBinary }),
      INTERRUPT_LINE,
    ],
    status: (progress) => ({ ...progress, ...rates(progress) }),
    lineCount: 2,
    lines: (each) => generateBlock(each, isBinary),
    message: 'Generating mapfile...',
  });
}

interface Rated {
  readonly currentRate: number;
  readonly averageRate: number;
  readonly runTimeS: number;
}

/** Time and rates of what `doneOf` counts in this run; a run shorter than a second counts as one. */
function timing<Shown extends { readonly runTimeMs: number }>(
  doneOf: (progress: Shown) => number,
): (progress: Shown) => Rated {
  let first: number | undefined;
  let mark = { second: 0, done: 0, rate: 0 };
  return (progress) => {
    first ??= doneOf(progress);
    const done = doneOf(progress) - first;
    const second = Math.floor(progress.runTimeMs / 1000);
    if (second > mark.second) {
      mark = { second, done, rate: Math.trunc((done - mark.done) / (second - mark.second)) };
    }
    const averageRate = Math.trunc(done / Math.max(1, second));
    return { runTimeS: second, averageRate, currentRate: second > 0 ? mark.rate : averageRate };
  };
}

interface Look<Shown, Status> {
  heading(progress: Shown): string[];
  status(progress: Shown): Status;
  readonly lineCount: number;
  lines(status: Status): string[];
  readonly message: string;
}

/** Draws at the beginning, once a second, and at the end. */
function screenOf<Shown extends { readonly runTimeMs: number }, Status>(
  io: TalkingIo,
  look: Look<Shown, Status>,
): {
  begin(progress: Shown): void;
  progress(progress: Shown): void;
  end(message: string | undefined, progress: Shown): void;
} {
  if (io.verbosity < 0) return { begin() {}, progress() {}, end() {} };
  const { lineCount, message } = look;
  const lines = (status: Status): string[] => look.lines(status);
  const screen = new ModeScreen<Status>((text) => io.out(text), { lineCount, lines, message });
  let second = -1;
  return {
    begin(progress) {
      io.out([...look.heading(progress), ''].join('\n'));
      screen.begin();
    },
    progress(progress) {
      const now = Math.floor(progress.runTimeMs / 1000);
      if (now === second) return;
      second = now;
      screen.refresh(look.status(progress));
    },
    end(finished, progress) {
      if (finished !== undefined) screen.finish(look.status(progress));
      else screen.stop(look.status(progress), io.stop.aborted ? 'Interrupted by user' : undefined);
    },
  };
}
