import { closeSync, fstatSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { needProgram } from '../../programs/find.ts';
import type { Netns } from './netns.ts';

/** A program and its arguments. */
export type Command = readonly [file: string, ...args: string[]];

/** Makes a command run in a namespace that is held: `nsenter` takes the open file, which nobody can exchange. */
export type Inside = (...command: Command) => Command;

/**
 * Opens a namespace and does something with it while it is held. Only an open file is sure to be that namespace. So its
 * inode is compared after opening, and the path is not walked again.
 *
 * @param proc - where the processes are: /proc
 * @returns null where no way leads to it any more
 * @throws Fault (exit 3) when a program is missing, or may be somebody else's
 */
export const holdNetns = async <T>(
  netns: Netns,
  proc: string,
  use: (inside: Inside) => Promise<T>,
): Promise<T | null> => {
  const fd = await openNetns(netns, proc);
  if (fd === null) return null;
  try {
    return await use((program, ...args) => [
      needProgram('nsenter'),
      `--net=/proc/${process.pid}/fd/${fd}`,
      needProgram(program),
      ...args,
    ]);
  } finally {
    closeSync(fd);
  }
};

/** A process that moves to and fro is in the namespace at every second look, if it had time to move in between. */
const LOOKS = 10;
const BETWEEN_MS = 2;

const openNetns = async ({ inode, pids, mounts }: Netns, proc: string): Promise<number | null> => {
  let ways: readonly string[] = [...mounts, ...pids.map((pid) => `${proc}/${pid}/ns/net`)];
  for (let look = 0; look < LOOKS && ways.length > 0; look++) {
    if (look > 0) await sleep(BETWEEN_MS);
    const elsewhere: string[] = [];
    for (const path of ways) {
      const found = openThere(path, inode);
      if (typeof found === 'number') return found;
      if (found === 'elsewhere') elsewhere.push(path);
    }
    ways = elsewhere;
  }
  return null;
};

const openThere = (path: string, inode: number): number | 'elsewhere' | 'gone' => {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    if (fstatSync(fd).ino === inode) return fd;
  } catch {
    // The process has ended, or the mount has gone.
    return 'gone';
  }
  closeSync(fd);
  return 'elsewhere';
};
