/**
 * Knows the map that a store loaded or saved last by its bytes: a stick that is plugged in again is another device,
 * with other numbers, and only what lies on it tells it from a bare folder or from another stick.
 */
import { RescueError } from '../errors.ts';
import { digestOf, runningDigest } from './checksums.ts';
import { readMapText } from './whole-file.ts';

export class OwnMaps {
  /** The last one, and those of later saves that failed: their names may have been changed all the same. */
  #digests: string[] = [];

  /** The file has this text. */
  loaded(text: string): void {
    this.#digests = [digestOf(text)];
  }

  /** The parts of a map that is being saved. */
  *saving(parts: Iterable<string | Uint8Array>): IterableIterator<string | Uint8Array> {
    const digest = runningDigest();
    for (const part of parts) {
      digest.update(part);
      yield part;
    }
    this.#digests.push(digest.end());
  }

  /** The save is done. */
  saved(): void {
    this.#digests.splice(0, this.#digests.length - 1);
  }

  /** Whether what is there is one of them. */
  includes(path: string): boolean {
    try {
      const text = readMapText(path);
      return text !== undefined && this.#digests.includes(digestOf(text));
    } catch (error) {
      if (error instanceof RescueError) return false;
      throw error;
    }
  }
}
