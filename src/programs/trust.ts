import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';

/** Mode bits: writable by group or others; sticky. @see Linux include/uapi/linux/stat.h */
const WRITABLE = 0o022;
const STICKY = 0o1000;
/** The kernel's own limit. @see Linux include/linux/namei.h, MAXSYMLINKS */
const MOST_LINKS = 40;

/** Users whose files finwait runs: root, and its own user where that is another. */
const trustedUids = (): readonly number[] => [0, process.geteuid?.() ?? 0];

/**
 * Tells whether somebody else can choose what runs under a path: the file, each directory on the way to it and each
 * symbolic link must be owned by root and writable by root alone. A sticky directory such as /tmp may stand on the way,
 * since nobody can replace another user's entry in it; it may not hold the program itself.
 *
 * @param path - absolute
 * @param trusted - users who may own what is on the way
 * @returns the first thing on the way that somebody else can change, and how; null where there is none
 * @throws Error of node:fs when the file is not there
 */
export const distrust = (path: string, trusted: readonly number[] = trustedUids()): string | null => {
  const left = namesOf(path);
  let dir = '/';
  let links = 0;
  let holder = lstatSync(dir);
  const flaw = flawOfDirectory(dir, holder, trusted);
  if (flaw !== null) return flaw;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (name === '..') {
      dir = join(dir, '..');
      holder = lstatSync(dir);
      continue;
    }
    const at = join(dir, name);
    const stats = lstatSync(at);
    if (!trusted.includes(stats.uid)) return `${at} is owned by ${ownerOf(stats)}`;
    if (stats.isSymbolicLink()) {
      if (++links > MOST_LINKS) return `${path} leads through more than ${MOST_LINKS} symbolic links`;
      const target = readlinkSync(at);
      left.unshift(...namesOf(target));
      if (target.startsWith('/')) {
        dir = '/';
        holder = lstatSync(dir);
      }
    } else if (stats.isDirectory()) {
      const wrong = flawOfDirectory(at, stats, trusted);
      if (wrong !== null) return wrong;
      dir = at;
      holder = stats;
    } else if ((stats.mode & WRITABLE) !== 0) {
      return `${at} is writable by others (${modeOf(stats)})`;
    } else if ((holder.mode & WRITABLE) !== 0) {
      return `${dir} is writable by others (${modeOf(holder)})`;
    }
  }
  return null;
};

const namesOf = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');

const flawOfDirectory = (path: string, stats: Stats, trusted: readonly number[]): string | null => {
  if (!trusted.includes(stats.uid)) return `${path} is owned by ${ownerOf(stats)}`;
  const isOpen = (stats.mode & WRITABLE) !== 0 && (stats.mode & STICKY) === 0;
  return isOpen ? `${path} is writable by others (${modeOf(stats)})` : null;
};

const ownerOf = ({ uid }: Stats): string => `user ${uid}`;
const modeOf = ({ mode }: Stats): string => `mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
