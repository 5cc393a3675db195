/** Values that are there, or come later. */
import type { MaybePromise } from './ports.ts';

/** What a port answered; hands a promise to the driver and takes what came of it. */
export function* settled<T>(value: MaybePromise<T>): Generator<PromiseLike<unknown>, T, unknown> {
  return isPromise(value) ? ((yield value) as T) : value;
}

/** Whether it comes later. */
export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}
