/** The part of the input that an operation looks at. */
import { addClipped, Domain, OPEN_END } from '@chunkrescue/mapfile';
import { GnuError } from './io.ts';
import { extentOf, type LogMap, type MapReader } from './log-map.ts';
import type { LogValues } from './log-options.ts';

/** What `-i`, `-s`, `-m` and `-L` say. @throws GnuError */
export function askedDomain(values: LogValues, maps: MapReader): Domain {
  const pos = values['input-position'] ?? 0;
  const size = values.size ?? -1;
  const asked = Domain.whole(pos, size < 0 ? OPEN_END : addClipped(pos, size));
  const path = values['domain-mapfile'];
  if (path === undefined) return asked;
  const { mapfile } = maps.read(path, { loose: values['loose-domain'] ?? false });
  return asked.intersect(Domain.fromMap(mapfile.map));
}

/** What of the domain a map has; undefined when that is nothing. */
export function domainIn(log: LogMap, asked: Domain): Domain | undefined {
  const domain = asked.intersect(extentOf(log));
  return domain.isEmpty ? undefined : domain;
}

/** Bytes between input and output. @throws GnuError when they are not whole sectors */
export function sectorOffset(values: LogValues): number {
  const offset = outputOffset(values);
  if (offset % sectorSizeOf(values) === 0) return offset;
  throw new GnuError("Offset between '-i' and '-o' must be 0 or a multiple of sector size.");
}

/** Bytes between input and output. */
export function outputOffset(values: LogValues): number {
  const pos = values['input-position'] ?? 0;
  return (values['output-position'] ?? pos) - pos;
}

export function sectorSizeOf(values: LogValues): number {
  return values['block-size'] ?? 512;
}
