import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** USER_HZ: /proc counts CPU time in it, on every architecture that matters. @see proc(5), utime */
const TICKS_PER_SECOND = 100;

export type Usage = {
  readonly cpuSeconds: number;
  /** The sum of what each process held at its peak: above the peak of the sum. */
  readonly peakRss: number;
};

type Stat = {
  readonly parent: number;
  readonly cpuSeconds: number;
  /** CPU time of its children that have ended and were waited for. */
  readonly childSeconds: number;
};

/** Reads /proc/PID/stat. The name in brackets may hold anything, brackets too. */
export const parseStat = (text: string): Stat | null => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [parent, user, system] = [Number(fields[1]), Number(fields[11]), Number(fields[12])];
  const children = Number(fields[13]) + Number(fields[14]);
  if (!Number.isFinite(parent + user + system + children)) return null;
  return { parent, cpuSeconds: (user + system) / TICKS_PER_SECOND, childSeconds: children / TICKS_PER_SECOND };
};

/** Bytes, from /proc/PID/status; 0 for a process that has none, as it ends. */
export const parsePeakRss = (text: string): number => 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** Every process there is now. */
export const processes = (): ReadonlyMap<number, Stat> => {
  const found = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? parseStat(read(`/proc/${name}/stat`) ?? '') : null;
    if (stat !== null) found.set(pid, stat);
  }
  return found;
};

/** A process and all that descend from it. */
export const treeOf = (root: number, all: ReadonlyMap<number, Stat> = processes()): readonly number[] => {
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of all) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
};

/** The ancestor of the kernel's threads, which work for whoever made them: not for somebody else. */
const KTHREADD = 2;

/**
 * CPU seconds that others took in between: neither this process and its descendants, nor the kernel's threads. A
 * process that began and ended in between counts where its parent waited for it.
 */
export const takenByOthers = (
  before: ReadonlyMap<number, Stat>,
  after: ReadonlyMap<number, Stat>,
  own: number,
): number => {
  const excluded = new Set([own, KTHREADD].flatMap((root) => [...treeOf(root, before), ...treeOf(root, after)]));
  let seconds = 0;
  for (const [pid, stat] of after) {
    const then = before.get(pid);
    if (!excluded.has(pid)) seconds += totalOf(stat) - (then === undefined ? 0 : totalOf(then));
  }
  for (const [pid, stat] of before) {
    if (after.has(pid) || excluded.has(pid)) continue;
    // Its parent got its earlier time all at once, by waiting for it.
    const grown = (after.get(stat.parent)?.childSeconds ?? 0) - (before.get(stat.parent)?.childSeconds ?? 0);
    seconds -= Math.max(0, Math.min(totalOf(stat), grown));
  }
  return Math.max(0, seconds);
};

const totalOf = ({ cpuSeconds, childSeconds }: Stat): number => cpuSeconds + childSeconds;

/** The use of a process and its descendants so far; threads included, children that have ended not. */
export const usageOf = (root: number): Usage => {
  let [cpuSeconds, peakRss] = [0, 0];
  for (const pid of treeOf(root)) {
    cpuSeconds += parseStat(read(`/proc/${pid}/stat`) ?? '')?.cpuSeconds ?? 0;
    peakRss += parsePeakRss(read(`/proc/${pid}/status`) ?? '');
  }
  return { cpuSeconds, peakRss };
};

/** The number of BPF programs, links and perf events that a process has open: it shows how far attaching has come. */
export const attachedOf = (pid: number): number => {
  try {
    return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
      try {
        return /^anon_inode:(?:bpf[-_](?:prog|link)|\[?perf_event\]?)/.test(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false;
      }
    }).length;
  } catch {
    return 0;
  }
};
