import { statfsSync } from 'node:fs';
import type { DeviceInfo } from './device-info.ts';

/** File systems whose files come from elsewhere, by the numbers that statfs tells: FUSE, NFS, SMB, CIFS, 9P. */
const SERVED = [0x65735546, 0x6969, 0xfe534d42, 0xff534d42, 0x01021997];

/** Whether a read of it may take as long as a device or another machine likes. */
export function mayHang(path: string, kind: DeviceInfo['kind']): boolean {
  if (kind !== 'file') return kind === 'block';
  return SERVED.includes(statfsSync(path).type);
}
