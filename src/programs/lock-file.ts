import { spawnSync } from 'node:child_process';
import { findProgram, SYSTEM_PATH } from './find.ts';

const TRIAL_MS = 5000;
/** flock's exit code under -n where somebody else holds the lock. */
const TAKEN = 1;

/**
 * Locks an open file for this process, with util-linux's flock: Node has no call for it. The lock belongs to the open
 * file that both share (flock(2)), so flock may end at once. The lock ends when the file is closed, however this process
 * dies, and holds across containers.
 *
 * @returns `unknown` where there is no flock, or the file system has no locks
 * @throws Fault (exit 3) when the flock on PATH may be somebody else's
 */
export const lockFile = (fd: number): 'locked' | 'taken' | 'unknown' => {
  const flock = findProgram('flock');
  if (flock === null) return 'unknown';
  const { status } = spawnSync(flock, ['-n', '3'], {
    cwd: '/',
    env: { PATH: SYSTEM_PATH },
    stdio: ['ignore', 'ignore', 'ignore', fd],
    timeout: TRIAL_MS,
  });
  return status === 0 ? 'locked' : status === TAKEN ? 'taken' : 'unknown';
};
