import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { EXIT, Fault } from '../kernel/fault.ts';

/** @see Linux include/uapi/asm-generic/fcntl.h; Node has no name for it. Opens nothing but the name: no device, no FIFO */
export const O_PATH = 0x20_0000;
const LOOK = O_PATH | constants.O_NOFOLLOW;
const [S_IWGRP, S_IWOTH, S_ISVTX] = [0o020, 0o002, 0o1000];
/** The kernel follows as many. @see Linux include/linux/namei.h, MAXSYMLINKS */
const MOST_LINKS = 40;

/** The users and groups we write for: root, ourselves, and under sudo the user who called it. */
export type Owners = { readonly uids: ReadonlySet<number>; readonly gids: ReadonlySet<number> };

/** A folder held open: whatever becomes of its path, names in it are looked up in this one. */
export type Folder = {
  /** The path of a name in it, for any call that takes a path. */
  readonly at: (name: string) => string;
  readonly close: () => void;
};

/**
 * Opens the folder of a file, step by step. A symbolic link on the way is followed only where nobody else can have made or
 * changed it: it would choose for root which file is written.
 *
 * Node cannot open a name relative to a descriptor; `/proc/self/fd/N/NAME` does the same.
 *
 * @returns the folder, and the file's own name
 * @throws Fault for a link that others can change; Error with a `code` where there is no such folder
 */
export const openFolderOf = (path: string, owners: Owners): { readonly folder: Folder; readonly name: string } => {
  const name = basename(path);
  const isFolder = path.endsWith('/') || name === '' || name === '.' || name === '..';
  if (isFolder) throw Object.assign(new Error(path), { code: 'EISDIR' });
  let fd = openSync(path.startsWith('/') ? '/' : '.', LOOK);
  try {
    const steps = stepsOf(dirname(path));
    let links = 0;
    for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
      const next = openSync(nameIn(fd, step), LOOK);
      const found = fstatSync(next);
      if (!found.isSymbolicLink()) {
        closeSync(fd);
        fd = next;
        if (!found.isDirectory()) throw Object.assign(new Error(path), { code: 'ENOTDIR' });
        continue;
      }
      closeSync(next);
      if (++links > MOST_LINKS) throw Object.assign(new Error(path), { code: 'ELOOP' });
      if (!owners.uids.has(found.uid) || canOthersRename(fd, owners)) throw foreignLink(path, step);
      const target = readlinkSync(nameIn(fd, step));
      steps.unshift(...stepsOf(target));
      if (target.startsWith('/')) {
        closeSync(fd);
        fd = openSync('/', LOOK);
      }
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { folder: { at: (each) => nameIn(fd, each), close: () => closeSync(fd) }, name };
};

const nameIn = (fd: number, name: string): string => `/proc/self/fd/${fd}/${name}`;

const stepsOf = (path: string): string[] => path.split('/').filter((step) => step !== '' && step !== '.');

/** True if somebody else may put another file in the place of one of ours in this folder. */
const canOthersRename = (fd: number, { uids, gids }: Owners): boolean => {
  const { uid, gid, mode } = fstatSync(fd);
  if (!uids.has(uid)) return true;
  const isShared = (mode & S_IWOTH) !== 0 || ((mode & S_IWGRP) !== 0 && !gids.has(gid));
  return isShared && (mode & S_ISVTX) === 0;
};

const foreignLink = (path: string, step: string): Fault =>
  new Fault(`${path}: ${step} is a symbolic link that another user can change`, {
    why: 'it would choose which file finwait writes as root',
    remedy: 'name the folder that it leads to, or choose another place with -o',
    exitCode: EXIT.failed,
  });
