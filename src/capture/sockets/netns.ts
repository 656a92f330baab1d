import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * A network namespace and the ways to it: processes that were in it, and mounts of it. A process may leave at any
 * moment, and a mount may be another one's by now. So the inode is compared at the end of each way.
 */
export type Netns = {
  readonly inode: number;
  readonly pids: readonly number[];
  readonly mounts: readonly string[];
};

const inodeOf = (link: string): number | null => {
  const match = /^net:\[(\d+)\]$/.exec(link);
  return match === null ? null : Number(match[1]);
};

/** The network namespace of a process; null where /proc does not say. */
export const netnsOf = (pid: number | string, proc = '/proc'): number | null => {
  try {
    return inodeOf(readlinkSync(`${proc}/${pid}/ns/net`));
  } catch {
    return null;
  }
};

/** The network namespace of a process. `refused`: it has one, and this process may not know which. Null: it has ended. */
const askNetns = (pid: string, proc: string, read: (path: string) => string): number | 'refused' | null => {
  try {
    return inodeOf(read(`${proc}/${pid}/ns/net`));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return error.code === 'EACCES' || error.code === 'EPERM' ? 'refused' : null;
  }
};

/** PF_KTHREAD. @see Linux include/linux/sched.h */
const KERNEL_THREAD = 0x0020_0000;
const FLAGS_BEHIND_NAME = 6;

/** Kernel threads stand in the first namespace: none of them hides another. @see Linux fs/proc/array.c, do_task_stat */
const isKernelThread = (pid: string, proc: string): boolean => {
  try {
    const stat = readFileSync(`${proc}/${pid}/stat`, 'utf8');
    const flags = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[FLAGS_BEHIND_NAME]);
    return (flags & KERNEL_THREAD) !== 0;
  } catch {
    return false;
  }
};

/** finwait's own network namespace; null where /proc does not say. */
export const ownNetns = (): number | null => netnsOf('self');

/** The result of one walk through /proc. */
export type NetnsList = {
  readonly namespaces: readonly Netns[];
  /** Processes, kernel threads aside, whose namespace may not be asked for. If only they are in it, it is in no list. */
  readonly refused: number;
};

/**
 * Every network namespace that has a process or a mount (`ip netns`, container runtimes). One with neither cannot be
 * entered; its orphans still count, as `unlocated`.
 *
 * @param proc - where the processes are: /proc
 * @param read - reads a link; for tests
 */
export const listNetns = (proc = '/proc', read: (path: string) => string = readlinkSync): NetnsList => {
  const found = new Map<number, { inode: number; pids: number[]; mounts: string[] }>();
  let refused = 0;
  const at = (inode: number): { readonly pids: number[]; readonly mounts: string[] } => {
    const known = found.get(inode) ?? { inode, pids: [], mounts: [] };
    found.set(inode, known);
    return known;
  };
  for (const entry of readdirSync(proc)) {
    if (!/^\d+$/.test(entry)) continue;
    const inode = askNetns(entry, proc, read);
    if (inode === 'refused') refused += isKernelThread(entry, proc) ? 0 : 1;
    else if (inode !== null) at(inode).pids.push(Number(entry));
  }
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const mounted = mountOf(line);
    if (mounted !== null) at(mounted.inode).mounts.push(mounted.path);
  }
  return { namespaces: [...found.values()], refused };
};

/**
 * The network namespace that a line of mountinfo names; null for any other line.
 *
 * @see Linux fs/proc_namespace.c, show_mountinfo
 */
const mountOf = (line: string): { readonly inode: number; readonly path: string } | null => {
  const fields = line.split(' ');
  const inode = inodeOf(fields[3] ?? '');
  // The optional fields end at the dash. Only the kernel's own file system of namespaces counts.
  if (inode === null || fields[fields.indexOf('-') + 1] !== 'nsfs') return null;
  const path = (fields[4] ?? '').replace(/\\(\d{3})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return { inode, path };
};
