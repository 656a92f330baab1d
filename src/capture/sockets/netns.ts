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

/**
 * Processes whose network namespace may not be asked for: a link that is refused is there. One that has ended is none.
 *
 * @param proc - where the processes are: /proc
 * @param read - reads a link; for tests
 */
export const countRefused = (proc = '/proc', read: (path: string) => string = readlinkSync): number =>
  readdirSync(proc).filter((entry) => /^\d+$/.test(entry) && isRefused(`${proc}/${entry}/ns/net`, read)).length;

const isRefused = (path: string, read: (path: string) => string): boolean => {
  try {
    read(path);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
  }
};

/** finwait's own network namespace; null where /proc does not say. */
export const ownNetns = (): number | null => netnsOf('self');

/**
 * Every network namespace that has a process or a mount (`ip netns`, container runtimes). One with neither cannot be
 * entered; its orphans still count, as `unlocated`.
 */
export const listNetns = (): readonly Netns[] => {
  const found = new Map<number, { inode: number; pids: number[]; mounts: string[] }>();
  const at = (inode: number): { readonly pids: number[]; readonly mounts: string[] } => {
    const known = found.get(inode) ?? { inode, pids: [], mounts: [] };
    found.set(inode, known);
    return known;
  };
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // Null: the process has ended, or may not be looked at.
    const inode = netnsOf(entry);
    if (inode !== null) at(inode).pids.push(Number(entry));
  }
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const mounted = mountOf(line);
    if (mounted !== null) at(mounted.inode).mounts.push(mounted.path);
  }
  return [...found.values()];
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
