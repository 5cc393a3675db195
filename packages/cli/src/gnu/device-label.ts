/** What tells a person which disk a name stands for. */
import { openFileSource, RescueError, statOf } from '@chunkrescue/engine';

/** ` [model::serial]` of a block device, ` [UNKNOWN]` where the system knows neither; nothing for a file. */
export function deviceLabel(path: string): string {
  if (statOf(path)?.isBlockDevice() !== true) return '';
  try {
    const device = openFileSource(path, { direct: false });
    const { model = '', serial = '' } = device.identity;
    device.close();
    if (model !== '' || serial !== '') return ` [${plain(model)}::${plain(serial)}]`;
  } catch (error) {
    if (!(error instanceof RescueError)) throw error;
  }
  return ' [UNKNOWN]';
}

/** What a device says of itself is not to be obeyed by a terminal. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}
