/** A real device with moods: from a position on it hangs, or answers nothing any more, until it is told otherwise. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { startServedDevice } from '../../../scripts/faulty-device.ts';
import { MIB } from './command.ts';

export interface MoodyDevice {
  readonly path: string;
  readonly dir: string;
  readonly bytes: Buffer;
  /** The first read at or behind the position, and all that come after, are answered only when it is {@link well}. */
  hangsFrom(pos: number): void;
  /** The same, but every read anywhere fails from then on (EIO). */
  diesFrom(pos: number): void;
  /** So many reads of {@link BAD} fail, and then one hangs, with all that come after. */
  hangsAfter(failures: number): void;
  well(): void;
  /** Where the read was that began to hang. Other programs look at new devices, too, and not at their beginning only. */
  hungAt(): number | undefined;
}

/** Where a device with a bad area fails (EIO), whatever its mood is. */
export const BAD = { pos: MIB, size: MIB / 4 } as const;

/** What the device does at each read: `$3` bytes at `$4`. */
const READ = `
  is_bad=
  if [ -e $dir/has-bad ] && [ $(($4 + $3)) -gt ${BAD.pos} ] && [ $4 -lt ${BAD.pos + BAD.size} ]; then
    is_bad=1
    echo >>$dir/failures
    [ -e $dir/hangs-after ] && [ $(wc -l <$dir/failures) -gt $(cat $dir/hangs-after) ] &&
      mv $dir/hangs-after $dir/hangs
  fi
  for mood in hangs dies; do
    [ -e $dir/$mood-from ] && [ $(($4 + $3)) -gt $(cat $dir/$mood-from) ] &&
      mv $dir/$mood-from $dir/$mood && echo $4 >$dir/$mood-at
  done 2>/dev/null
  while [ -e $dir/hangs ]; do sleep 0.05; done
  if [ -e $dir/dies ] || [ $is_bad ]; then echo EIO >&2; exit 1; fi
  dd if=$dir/disk skip=$4 count=$3 iflag=skip_bytes,count_bytes bs=64K status=none`;

/** A block device, or a file that a program serves, which goes with the test. */
export async function moodyDevice(
  { onTestFinished }: TestContext,
  options: { readonly size?: number; readonly loop?: boolean; readonly hasBad?: boolean } = {},
): Promise<MoodyDevice> {
  const { size = 4 * MIB, loop = true, hasBad = false } = options;
  const dir = mkdtempSync(join(tmpdir(), 'rescue-moody-'));
  const at = (name: string): string => join(dir, name);
  const bytes = randomBytes(size);
  writeFileSync(at('disk'), bytes);
  if (hasBad) writeFileSync(at('has-bad'), '');
  const device = await startServedDevice({
    nbdkit: [
      ...['eval', 'thread_model=echo parallel', `get_size=echo ${size}`],
      `pread=dir=${dir}; ${READ}`,
    ],
    loop,
  });
  const well = (): void => {
    for (const mood of ['hangs', 'hangs-from', 'hangs-after', 'dies', 'dies-from']) {
      rmSync(at(mood), { force: true });
    }
  };
  onTestFinished(async () => {
    // Or it could not be taken away.
    well();
    await device.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    path: device.path,
    dir,
    bytes,
    hangsFrom: (pos) => writeFileSync(at('hangs-from'), `${pos}`),
    hangsAfter: (failures) => writeFileSync(at('hangs-after'), `${failures}`),
    diesFrom: (pos) => writeFileSync(at('dies-from'), `${pos}`),
    well,
    hungAt() {
      const text = existsSync(at('hangs-at')) ? readFileSync(at('hangs-at'), 'utf8') : '';
      return text.endsWith('\n') ? Number(text) : undefined;
    },
  };
}
