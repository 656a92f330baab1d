import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EXIT, Fault } from '../kernel/fault.ts';
import { type InvokingUser, invokingUser } from '../record/invoking-user.ts';

let dropped: InvokingUser | null = null;

/**
 * Makes this process the user who called sudo, for good: user, groups and capabilities. Does nothing if nobody called
 * sudo. The kernel then lets that user neither trace it nor read its memory, as it does with a process that was root.
 *
 * @throws Fault (exit 1) when it cannot be done, or when that user may not read finwait's own files
 */
export const dropRoot = (): void => {
  giveUpRoot();
  if (dropped === null) return;
  try {
    closeSync(openSync(fileURLToPath(import.meta.url), 'r'));
  } catch {
    throw new Fault(`finwait's own files cannot be read by uid ${dropped.uid}, who called sudo`, {
      why: 'whatever needs no root runs as that user, and more of finwait has to be loaded',
      remedy: 'install it where all can read it, as in /usr/local; or stay root: sudo env -u SUDO_UID finwait …',
      exitCode: EXIT.failed,
    });
  }
};

/** The user that finwait becomes when it gives root up; null where there is none: root may call sudo too. */
export const userToBecome = (): InvokingUser | null => {
  const invoker = invokingUser();
  return invoker === null || invoker.uid === 0 ? null : invoker;
};

/** Gives root up in a process that loads nothing more. @throws Fault (exit 1) when it cannot be done */
export const giveUpRoot = (): void => {
  const invoker = userToBecome();
  if (invoker === null) return;
  const { uid, gid } = invoker;
  try {
    takeGroups(invoker);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (error) {
    throw cannot(uid, error instanceof Error ? error.message : String(error));
  }
  const kept = keptRights(uid);
  if (kept !== null) throw cannot(uid, kept);
  dropped = invoker;
};

/** That user's own groups, as at a login; the one alone if the user has no name. */
const takeGroups = ({ uid, gid }: InvokingUser): void => {
  // @types/node does not know it.
  const initgroups: unknown = Reflect.get(process, 'initgroups');
  try {
    if (typeof initgroups === 'function') initgroups.call(process, uid, gid);
    else process.setgroups?.([gid]);
  } catch {
    process.setgroups?.([gid]);
  }
};

/** The rights of root that are left; null: none. Securebits can make setuid keep capabilities. */
const keptRights = (uid: number): string | null => {
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid) return 'the kernel did not change the user';
  let status: string;
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    return null;
  }
  const permitted = /^CapPrm:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return BigInt(`0x${permitted}`) === 0n ? null : 'capabilities stayed (securebits)';
};

const cannot = (uid: number, why: string): Fault =>
  new Fault(`finwait could not become uid ${uid}, who called sudo`, {
    why: `${why}; as root it would do more than it has to`,
    remedy: 'run it without sudo; or stay root: sudo env -u SUDO_UID finwait …',
    exitCode: EXIT.failed,
  });

/** A fault that `dropRoot` may have caused says so: the file may be one that only root reaches. */
export const withDropped = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    if (dropped === null || !(error instanceof Fault) || !/\(E(?:ACCES|PERM)\)/.test(error.message)) throw error;
    throw new Fault(error.message, {
      why: `${error.why}; finwait reads and writes files as uid ${dropped.uid}, who called sudo`,
      remedy: `${error.remedy}; or stay root: sudo env -u SUDO_UID finwait …`,
      exitCode: error.exitCode,
    });
  });
