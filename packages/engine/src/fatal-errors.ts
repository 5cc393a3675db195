/** Which errors of a read are the disk's, and which end the run because nothing may be marked for them. */
import { RescueError } from './errors.ts';
import type { Source } from './ports.ts';
import type { Request } from './strategy/request.ts';

/** Errors that concern the device or the way to it, not the sectors; nothing may be marked for them. */
const LOST = new Set(['ENODEV', 'ENXIO', 'ENOMEDIUM', 'ENOENT', 'ESHUTDOWN', 'ENOTCONN', 'EBADF']);
const REFUSED = new Set([
  'EACCES',
  'EBUSY',
  'EFAULT',
  'EINVAL',
  'EISDIR',
  'ENOBUFS',
  'ENOMEM',
  'ENOSYS',
  'EPERM',
  'ESPIPE',
]);

/**
 * For errors of a read at `pos`, or of opening the source once more.
 * @throws RescueError `source-lost` when the error means that the device is gone
 */
export function refuseLost(
  path: string,
  { errno, pos }: { readonly errno: string; readonly pos?: number },
): void {
  if (!LOST.has(errno)) return;
  const where = pos === undefined ? '' : ` at position ${pos}`;
  throw new RescueError('source-lost', `${path} went away while it was read${where} (${errno}).`, {
    path,
    ...(pos === undefined ? {} : { pos }),
    errno,
    hint: 'What was read is saved. Connect it again and give the same command to go on.',
  });
}

/** @throws RescueError `source-lost` or `source-read`, unless the error is one of sectors, or tolerated */
export function refuseFatal(
  source: Source,
  request: Request,
  failure: { readonly errno: string; readonly tolerated: ReadonlySet<string> | undefined },
): void {
  const { errno, tolerated } = failure;
  if (tolerated?.has(errno)) return;
  refuseLost(source.name, { errno, pos: request.pos });
  if (REFUSED.has(errno)) {
    throw new RescueError(
      'source-read',
      `${source.name} cannot be read at position ${request.pos} (${errno}).`,
      {
        path: source.name,
        pos: request.pos,
        errno,
        hint:
          errno === 'EINVAL'
            ? 'Is the sector size (-b) right for this device?'
            : 'What was read is saved; the same command goes on.',
      },
    );
  }
}
