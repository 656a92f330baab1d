import { type Dir, opendirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { commText } from '../../wire/comm.ts';
import type { Holder } from '../../wire/host-facts.ts';
import { hiddenNote } from './hidepid.ts';
import { listProcesses, type Process } from './processes.ts';

/**
 * The most links to read, of one process and of all, and the most time. The scan costs some 8 µs for each open file of
 * any process.
 */
const MOST = { each: 200_000, links: 500_000, ms: 5000 } as const;
const SLICE = 256;
const MAX_NAMED = 3;
/** Inode of the first pid namespace. @see Linux include/linux/proc_ns.h, PROC_PID_INIT_INO */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

/** Processes that have a socket open: those with the lowest pids, and how many were found. */
export type Held = { readonly holders: readonly Holder[]; readonly count: number };

export type HolderScan = {
  /** By inode: the wanted sockets that a process has open. */
  readonly held: ReadonlyMap<number, Held>;
  /** Every process of the machine was asked for all of its files. If not, a socket without a holder may have one. */
  readonly isComplete: boolean;
  /** The reason; null when it is complete. */
  readonly note: string | null;
};

export type ScanOptions = {
  /** Hears of each open file that is looked at: its process, the folder that lists it, its name there, its link. */
  readonly onLink?: (pid: number, table: string, name: string, link: string) => void;
  /** For tests: a root other than /proc, and other bounds. */
  readonly proc?: string;
  readonly most?: typeof MOST | { each: number; links: number; ms: number };
};

/** The inode of a socket by the link of its descriptor; null for any other file. */
export const socketInode = (link: string): number | null => {
  const match = /^socket:\[(\d{1,15})\]$/.exec(link);
  return match === null ? null : Number(match[1]);
};

/** A process's name, from its 16 bytes; `?` when it has ended. */
export const commOf = (proc: string, pid: number): string => {
  try {
    const bytes = readFileSync(`${proc}/${pid}/comm`);
    return commText(bytes.subarray(0, bytes.at(-1) === 0x0a ? -1 : undefined).toString('hex'));
  } catch {
    return '?';
  }
};

/** The process has ended, or the file is closed: no holder. Any other error hides something. */
const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');

/**
 * Looks through the open files of all processes, once, for the sockets of `wanted`. It does not ask threads that have
 * left their process's file table (`unshare(CLONE_FILES)`).
 *
 * @see Linux fs/proc/fd.c, proc_fd_link
 */
export const scanHolders = async (wanted: ReadonlySet<number>, options: ScanOptions = {}): Promise<HolderScan> => {
  const { proc = '/proc', most = MOST, onLink } = options;
  const held = new Map<number, { holders: Holder[]; count: number; last: number }>();
  const until = performance.now() + most.ms;
  const processes = await listProcesses(proc);
  let links = 0;
  let asked = 0;
  let refused = 0;
  let large = 0;

  const find = (pid: number, inode: number): void => {
    const known = held.get(inode) ?? { holders: [], count: 0, last: 0 };
    // A process may have a socket open more than once.
    if (known.last === pid) return;
    known.last = pid;
    known.count++;
    const place = known.holders.findIndex((holder) => holder.pid > pid);
    known.holders.splice(place < 0 ? known.holders.length : place, 0, { pid, comm: commOf(proc, pid) });
    known.holders.length = Math.min(known.holders.length, MAX_NAMED);
    held.set(inode, known);
  };

  /** Asks a process. @returns false when there is no time or room to ask more */
  const ask = async (process: Process): Promise<boolean> => {
    const { pid } = process;
    let dir: Dir | null = null;
    let isRefused = false;
    try {
      const table = tableOf(proc, process);
      dir = opendirSync(table, { bufferSize: SLICE });
      let own = 0;
      for (let entry = dir.readSync(); entry !== null; entry = dir.readSync()) {
        if (links >= most.links || performance.now() > until) return false;
        if (own++ >= most.each) {
          large++;
          break;
        }
        if (++links % SLICE === 0) await setImmediate();
        try {
          const link = readlinkSync(`${table}/${entry.name}`);
          onLink?.(pid, table, entry.name, link);
          const inode = socketInode(link);
          if (inode !== null && wanted.has(inode)) find(pid, inode);
        } catch (error) {
          isRefused ||= !isGone(error);
        }
      }
    } catch (error) {
      isRefused ||= !isGone(error);
    } finally {
      dir?.closeSync();
      if (isRefused) refused++;
    }
    return true;
  };

  for (const process of processes) {
    if (!(await ask(process))) break;
    asked++;
  }
  const note = noteOf({ proc, links, refused, large, left: processes.length - asked, each: most.each });
  return { held, isComplete: note === null, note };
};

/** The folder that lists a process's open files: its first thread's, or that of a thread that outlives it. */
const tableOf = (proc: string, { pid, isHeadless }: Process): string => {
  const thread = isHeadless ? readdirSync(`${proc}/${pid}/task`).find((name) => name !== String(pid)) : undefined;
  return thread === undefined ? `${proc}/${pid}/fd` : `${proc}/${pid}/task/${thread}/fd`;
};

type Missed = Readonly<Record<'links' | 'refused' | 'large' | 'left' | 'each', number>> & { readonly proc: string };

/** A sentence about what the scan did not see; null when it saw all. */
const noteOf = ({ proc, links, refused, large, left, each }: Missed): string | null => {
  const parts = [
    ...(left > 0
      ? [
          `not all processes were asked for their sockets: the scan ended after ${links} open files, before ${left} of them`,
        ]
      : []),
    ...(large > 0
      ? [
          `of ${large} ${large === 1 ? 'process' : 'processes'} with more than ${each} open files${large === 1 ? '' : ' each'}, those beyond were not looked at`,
        ]
      : []),
    ...(refused > 0
      ? [
          `${refused} ${refused === 1 ? 'process' : 'processes'} could not be asked for ${refused === 1 ? 'its' : 'their'} sockets`,
        ]
      : []),
    ...(seesAllPids(proc)
      ? []
      : ['finwait runs in a pid namespace of its own: processes outside it cannot be asked for their sockets']),
    ...[hiddenNote(proc)].filter((note) => note !== null),
  ];
  return parts.length === 0 ? null : parts.join('; ');
};

export const seesAllPids = (proc: string): boolean => {
  try {
    return readlinkSync(`${proc}/self/ns/pid`) === FIRST_PID_NAMESPACE;
  } catch {
    return false;
  }
};
