/** PROVISIONAL until the screen arrives. */
import type { DdrescueValues } from './ddrescue-options.ts';
import type { FillScreen } from './fill-mode.ts';
import type { GenerateScreen } from './generate-mode.ts';
import type { TalkingIo } from './io.ts';

export function fillScreen(_values: DdrescueValues, _io: TalkingIo): FillScreen {
  return { begin() {}, progress() {}, end() {} };
}
export function generateScreen(_values: DdrescueValues, _io: TalkingIo): GenerateScreen {
  return { begin() {}, progress() {}, end() {} };
}
