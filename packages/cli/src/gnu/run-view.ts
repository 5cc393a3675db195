/** PROVISIONAL until the screen arrives. */
import { writeFileSync } from 'node:fs';
import { phaseMessage, type ReadRecord, type RescueEvent } from '@chunkrescue/engine';
import type { RunParts } from './rescue-mode.ts';

export class RunView {
  readonly #lines: string[] = [];
  readonly #parts: RunParts;
  constructor(parts: RunParts) {
    this.#parts = parts;
  }
  heading(): void {}
  open(): void {}
  get readLog(): ((record: ReadRecord) => void) | undefined {
    if (this.#parts.values['log-reads'] === undefined) return undefined;
    return ({ pos, size, copied, errno }) => {
      const failed = errno === undefined ? 0 : size - copied;
      this.#lines.push(
        `0x${pos.toString(16).toUpperCase().padStart(8, '0')}\t${size}\t${copied}\t${failed}`,
      );
    };
  }
  take(event: RescueEvent): void {
    if (event.type === 'phase') {
      if (this.#lines.length > 0 && !this.#lines.at(-1)?.startsWith('#')) this.#lines.push('');
      this.#lines.push(`# 0s  ${phaseMessage(event.phase, event.pass, event.direction)}`);
    }
    if (event.type === 'ended') this.flush();
  }
  failed(): void {
    this.flush();
  }
  flush(): void {
    const path = this.#parts.values['log-reads'];
    const head = '#  Ipos       Size  Copied_size  Error_size  Errno\n';
    if (path) writeFileSync(path, `${head}${this.#lines.map((l) => `${l}\n`).join('')}# End time: 0s\n`);
  }
}
