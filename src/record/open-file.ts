import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { EXIT, Fault } from '../kernel/fault.ts';
import { type Folder, O_PATH, type Owners, openFolderOf } from './folder.ts';
import { invokingUser } from './invoking-user.ts';

/**
 * Readable for the user who records, and nobody else: a capture saw all users' sockets, and lines of the kernel's log.
 */
const PRIVATE = 0o600;
const MADE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** It gives up on a name that is made and removed all the time. */
const MOST_TRIES = 10;

export type OpenFile = {
  readonly fd: number;
  /** It was not there before. */
  readonly isNew: boolean;
  /** False for /dev/null and /dev/full. */
  readonly isRegular: boolean;
  /** True while its name stands for it. */
  readonly isNamed: () => boolean;
  /**
   * Removes it, if its name still stands for it. Call it before `fd` is closed: until then no other file has its inode.
   */
  readonly remove: () => void;
  /** Lets go of its folder; `fd` is the caller's. */
  readonly leave: () => void;
};

/**
 * Opens a file for writing: a new one, or an older one that is nobody else's, which is not emptied. No other user can have
 * chosen which file it is, nor hold finwait up: links are not followed, and a FIFO or a device is not even opened.
 *
 * Either is readable by its owner alone. Under sudo finwait is the user who called it by now. If it still is root, a
 * new file is made that user's.
 *
 * @throws Fault saying why this file is not written; Error with a `code` where the kernel says no
 */
export const openFile = (path: string): OpenFile => {
  const number = /^\/(?:dev|proc\/self)\/(?:fd\/\d+|stderr|stdin)$/.exec(path);
  if (number !== null) throw refused(path, 'is an open descriptor', STDOUT_INSTEAD);
  const user = invokingUser();
  const owners: Owners = {
    uids: new Set([process.geteuid?.() ?? 0, 0, ...(user === null ? [] : [user.uid])]),
    gids: new Set([process.getegid?.() ?? 0, 0, ...(user === null ? [] : [user.gid])]),
  };
  const { folder, name } = openFolderOf(path, owners);
  try {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const fd = make(folder, name);
      if (fd !== null) {
        keepPrivate(fd);
        if (user !== null) ignoreNoOwners(() => fchownSync(fd, user.uid, user.gid));
        return opened(folder, name, fd, true);
      }
      const found = openExisting(path, folder, name, owners);
      if (found !== null) return opened(folder, name, found, false);
    }
    throw Object.assign(new Error(path), { code: 'EAGAIN' });
  } catch (error) {
    folder.close();
    throw error;
  }
};

/** @returns null where the name is taken */
const make = (folder: Folder, name: string): number | null => {
  try {
    return openSync(folder.at(name), MADE, PRIVATE);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return null;
    throw error;
  }
};

/** Looks at what it is before it is opened. @returns null where it has gone meanwhile */
const openExisting = (path: string, folder: Folder, name: string, owners: Owners): number | null => {
  let looked: number;
  try {
    looked = openSync(folder.at(name), O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const stats = fstatSync(looked);
    if (stats.isSymbolicLink()) throw linkFault(path, folder.at(name));
    if (stats.isDirectory()) throw Object.assign(new Error(path), { code: 'EISDIR' });
    const isSink = isDataSink(stats);
    if (!stats.isFile() && !isSink) throw refused(path, `is a ${kindOf(stats)}`, STDOUT_INSTEAD);
    if (stats.isFile()) checkFile(path, stats, owners);
    // It opens through the descriptor: the very file that was looked at, whatever stands under its name by now.
    const fd = openSync(`/proc/self/fd/${looked}`, constants.O_WRONLY | constants.O_NONBLOCK);
    if (!isSink) keepPrivate(fd);
    return fd;
  } finally {
    closeSync(looked);
  }
};

/** @throws Fault for a file that another user owns, or may know under a name of their own */
const checkFile = (path: string, { uid, nlink }: Stats, { uids }: Owners): void => {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot ? !uids.has(uid) : uid !== process.geteuid?.()) {
    throw refused(
      path,
      `belongs to another user (uid ${uid})`,
      `choose another name with -o, or remove it: rm ${path}`,
    );
  }
  if (nlink > 1) {
    const remedy = `choose another name with -o, or remove this one: rm ${path}`;
    throw refused(path, `has ${nlink} names (hard links): the file may be another program's`, remedy);
  }
};

const opened = (folder: Folder, name: string, fd: number, isNew: boolean): OpenFile => {
  const isNamed = (): boolean => {
    const ours = fstatSync(fd, { bigint: true });
    const now = lstatSync(folder.at(name), { bigint: true, throwIfNoEntry: false });
    return now !== undefined && now.dev === ours.dev && now.ino === ours.ino;
  };
  return {
    fd,
    isNew,
    isRegular: fstatSync(fd).isFile(),
    isNamed,
    remove: () => {
      if (isNamed()) unlinkSync(folder.at(name));
    },
    leave: folder.close,
  };
};

const keepPrivate = (fd: number): void => ignoreNoOwners(() => fchmodSync(fd, PRIVATE));

/** A FAT disk has neither owners nor modes: there it goes on without. */
const ignoreNoOwners = (change: () => void): void => {
  try {
    change();
  } catch (error) {
    if (!['EPERM', 'EINVAL', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error;
  }
};

/** /dev/null and /dev/full, by their numbers. @see Linux Documentation/admin-guide/devices.txt */
const isDataSink = (stats: Stats): boolean =>
  stats.isCharacterDevice() && (stats.rdev === 0x103 || stats.rdev === 0x107);

const kindOf = (stats: Stats): string => (stats.isFIFO() ? 'FIFO' : stats.isSocket() ? 'socket' : 'device');

const STDOUT_INSTEAD = 'give a file, or let the shell open it: finwait record -o - >…   (or | a program)';

const linkFault = (path: string, at: string): Fault => {
  const target = readlinkSync(at);
  return refused(path, 'is a symbolic link', `name the file itself: -o ${target}   (or remove the link: rm ${path})`);
};

const refused = (path: string, what: string, remedy: string): Fault =>
  new Fault(`${path} ${what}`, {
    why: 'finwait writes only to a file that nobody else can have put there: it may run as root',
    remedy,
    exitCode: EXIT.failed,
  });

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;
