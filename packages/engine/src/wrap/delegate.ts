import type { Source, Target } from '../ports.ts';

/** All of a source, for a wrapper to change a part of. Methods keep their source. */
export function delegate(source: Source): Source {
  return {
    name: source.name,
    size: source.size,
    sectorSize: source.sectorSize,
    physicalSectorSize: source.physicalSectorSize ?? source.sectorSize,
    identity: source.identity ?? {},
    read: (pos, into) => source.read(pos, into),
    probe: (pos, into) => source.probe?.(pos, into) ?? source.read(pos, into),
    enter: (start) => source.enter?.(start),
    watch: (onWait) => source.watch?.(onWait),
    allocate: (size) => source.allocate?.(size) ?? new Uint8Array(size),
    reopen: () => source.reopen?.(),
    close: () => source.close?.(),
  };
}

/** All of a target, for a wrapper to change a part of. */
export function delegateTarget(target: Target): Target {
  return {
    name: target.name,
    write: (pos, bytes) => target.write(pos, bytes),
    settle: () => target.settle?.(),
    unwritten: () => target.unwritten?.() ?? [],
    extend: (size) => target.extend(size),
    sync: () => target.sync(),
    close: () => target.close?.(),
  };
}
