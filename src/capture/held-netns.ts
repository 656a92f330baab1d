import { closeSync, fstatSync, openSync } from 'node:fs';
import type { Netns } from './netns.ts';

/** A program and its arguments. */
export type Command = readonly [file: string, ...args: string[]];

/** Makes a command one that runs in a namespace that is held: `nsenter` by the open file, which nobody can exchange. */
export type Inside = (...command: Command) => Command;

/**
 * Opens a namespace and does something with it while it is held. Only an open file is sure to be that namespace: its inode
 * is compared after it was opened, and the way is not gone again.
 *
 * @param proc - where the processes are: /proc
 * @returns null where no way leads to it any more
 */
export const holdNetns = async <T>(
  netns: Netns,
  proc: string,
  use: (inside: Inside) => Promise<T>,
): Promise<T | null> => {
  const fd = openNetns(netns, proc);
  if (fd === null) return null;
  try {
    return await use((...command) => ['nsenter', `--net=/proc/${process.pid}/fd/${fd}`, ...command]);
  } finally {
    closeSync(fd);
  }
};

/** A process that moves to and fro is in the namespace at every second look. */
const LOOKS = 8;

const openNetns = ({ inode, pids, mounts }: Netns, proc: string): number | null => {
  const ways = [...mounts, ...pids.map((pid) => `${proc}/${pid}/ns/net`)];
  for (let look = 0; look < LOOKS; look++) {
    for (const path of ways) {
      const fd = openThere(path, inode);
      if (fd !== null) return fd;
    }
  }
  return null;
};

const openThere = (path: string, inode: number): number | null => {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    if (fstatSync(fd).ino === inode) return fd;
  } catch {
    // The process has ended, or the mount has gone.
  }
  if (fd !== null) closeSync(fd);
  return null;
};
