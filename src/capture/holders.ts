import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { commText } from '../wire/comm.ts';
import type { Holder } from '../wire/host-facts.ts';

/** Links read at most, and for how long: the scan costs some 8 µs a file that any process has open. */
const MAX_LINKS = 500_000;
const MAX_MS = 5000;
const SLICE = 256;
const MAX_NAMED = 3;
/** Inode of the first pid namespace. @see Linux include/linux/proc_ns.h, PROC_PID_INIT_INO */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

export type Held = { readonly holders: readonly Holder[]; readonly count: number };

export type HolderScan = {
  /** By inode, for those of the wanted that a process has open. */
  readonly held: ReadonlyMap<number, Held>;
  /** Every process of the machine was asked. */
  readonly isComplete: boolean;
  /** Why not; null when it is complete. */
  readonly note: string | null;
};

const socketInode = (link: string): number | null => {
  const match = /^socket:\[(\d{1,15})\]$/.exec(link);
  return match === null ? null : Number(match[1]);
};

/** A process's name, of its 16 bytes; its pid's `?` when it has ended. */
const commOf = (proc: string, pid: number): string => {
  try {
    const bytes = readFileSync(`${proc}/${pid}/comm`);
    return commText(bytes.subarray(0, bytes.at(-1) === 0x0a ? -1 : undefined).toString('hex'));
  } catch {
    return '?';
  }
};

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : null);

/**
 * Looks through the open files of all processes, once, for the sockets of `wanted`. Threads that have left their
 * process's file table (`unshare(CLONE_FILES)`) are not asked.
 *
 * @param proc - another root than /proc, for tests
 * @see Linux fs/proc/fd.c, proc_pid_get_link
 */
export const scanHolders = async (wanted: ReadonlySet<number>, proc = '/proc'): Promise<HolderScan> => {
  const held = new Map<number, { holders: Holder[]; count: number; last: number }>();
  const until = performance.now() + MAX_MS;
  let links = 0;
  let refused = 0;
  let isCut = false;
  const pids = readdirSync(proc)
    .filter((name) => /^\d{1,10}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
  for (const pid of pids) {
    let names: readonly string[];
    try {
      names = readdirSync(`${proc}/${pid}/fd`);
    } catch (error) {
      if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM') refused++;
      continue;
    }
    for (const name of names) {
      if (++links % SLICE === 0) await setImmediate();
      if (links > MAX_LINKS || performance.now() > until) {
        isCut = true;
        break;
      }
      const inode = inodeOf(`${proc}/${pid}/fd/${name}`);
      if (inode === null || !wanted.has(inode)) continue;
      const known = held.get(inode) ?? { holders: [], count: 0, last: 0 };
      // A process may have it open more than once.
      if (known.last === pid) continue;
      known.last = pid;
      known.count++;
      if (known.holders.length < MAX_NAMED) known.holders.push({ pid, comm: commOf(proc, pid) });
      held.set(inode, known);
    }
    if (isCut) break;
  }
  const note = isCut
    ? `not all processes were asked for their sockets: the scan ended after ${links} open files`
    : refused > 0
      ? `${refused} processes could not be asked for their sockets`
      : seesAllPids(proc)
        ? null
        : 'finwait runs in a pid namespace of its own: processes outside it cannot be asked for their sockets';
  return { held, isComplete: note === null, note };
};

const inodeOf = (path: string): number | null => {
  try {
    return socketInode(readlinkSync(path));
  } catch {
    return null;
  }
};

const seesAllPids = (proc: string): boolean => {
  try {
    return readlinkSync(`${proc}/self/ns/pid`) === FIRST_PID_NAMESPACE;
  } catch {
    return false;
  }
};
