import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** USER_HZ: what /proc counts CPU time in, on every architecture that matters. @see proc(5), utime */
const TICKS_PER_SECOND = 100;

export type Usage = {
  readonly cpuSeconds: number;
  /** The sum of what each process held at its peak: above the peak of the sum. */
  readonly peakRss: number;
};

type Stat = { readonly parent: number; readonly cpuSeconds: number };

/** Of /proc/PID/stat. The name in brackets may hold anything, brackets too. */
export const parseStat = (text: string): Stat | null => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [parent, user, system] = [Number(fields[1]), Number(fields[11]), Number(fields[12])];
  if (!Number.isFinite(parent + user + system)) return null;
  return { parent, cpuSeconds: (user + system) / TICKS_PER_SECOND };
};

/** Bytes, of /proc/PID/status; 0 for a process that has none, as it ends. */
export const parsePeakRss = (text: string): number => 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** A process and all that descend from it now. */
export const treeOf = (root: number): readonly number[] => {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? parseStat(read(`/proc/${name}/stat`) ?? '') : null;
    if (stat !== null) children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
};

/** What a process and its descendants have used so far; threads included, children that have ended not. */
export const usageOf = (root: number): Usage => {
  let [cpuSeconds, peakRss] = [0, 0];
  for (const pid of treeOf(root)) {
    cpuSeconds += parseStat(read(`/proc/${pid}/stat`) ?? '')?.cpuSeconds ?? 0;
    peakRss += parsePeakRss(read(`/proc/${pid}/status`) ?? '');
  }
  return { cpuSeconds, peakRss };
};

/** How many BPF programs, links and perf events a process has open: how far it is with attaching. */
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
