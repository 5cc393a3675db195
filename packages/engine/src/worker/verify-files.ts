import { type VerifyFollowing, verify } from '../chunks/verify.ts';
import type { VerifyJob, VerifyResult } from '../chunks/verify-job.ts';
import { openPastCache } from '../node/open-past-cache.ts';
import { givingUp } from '../unless-stopped.ts';
import { readerThread } from './reader-thread.ts';
import { testSource } from './test-source.ts';

/** Opens the source, where one is to be read, and verifies. @throws RescueError `source-open` or `map-mismatch` */
export function verifyFiles(job: VerifyJob, how: VerifyFollowing): VerifyResult {
  if (job.source === undefined) return verify(job, how);
  const { path, testMap } = job.source;
  const { source: file, isPastCache } = openPastCache(path, { patient: readerThread });
  file.watch(givingUp(how.signal));
  try {
    const source = testMap === undefined ? file : testSource(file, testMap);
    return verify(job, { ...how, source: { source, isPastCache } });
  } finally {
    file.close();
  }
}
