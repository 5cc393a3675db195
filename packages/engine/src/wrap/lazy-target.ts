import type { Target } from '../ports.ts';

/** A target that is only opened, and so made, when there is something to write. */
export interface LazyTarget extends Target {
  readonly isOpen: boolean;
}

/** @param open called once, before the first byte is written; its errors are those of that write */
export function lazyTarget(name: string, open: () => Target): LazyTarget {
  let target: Target | undefined;
  return {
    name,
    get isOpen() {
      return target !== undefined;
    },
    write: (pos, bytes) => {
      target ??= open();
      return target.write(pos, bytes);
    },
    settle: () => target?.settle?.(),
    unwritten: () => target?.unwritten?.() ?? [],
    extend: (size) => target?.extend(size),
    sync: () => target?.sync(),
    close: () => target?.close?.(),
  };
}
