import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A network namespace and a way to its /proc/net: through a process in it, or through a mount of it. */
export type Netns = { readonly inode: number; readonly pid: number | null; readonly mount: string | null };

const inodeOf = (link: string): number | null => {
  const match = /^net:\[(\d+)\]$/.exec(link);
  return match === null ? null : Number(match[1]);
};

/** The network namespace finwait itself is in; null where /proc does not say. */
export const ownNetns = (): number | null => {
  try {
    return inodeOf(readlinkSync('/proc/self/ns/net'));
  } catch {
    return null;
  }
};

/**
 * Every network namespace that has a process or a mount (`ip netns`, container runtimes). One with neither cannot
 * be entered; its orphans still count, as `unlocated`.
 */
export const listNetns = (): readonly Netns[] => {
  const found = new Map<number, Netns>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const inode = inodeOf(readlinkSync(`/proc/${entry}/ns/net`));
      if (inode !== null && !found.has(inode)) found.set(inode, { inode, pid: Number(entry), mount: null });
    } catch {
      // The process has ended, or is a kernel thread's that may not be read.
    }
  }
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const fields = line.split(' ');
    const inode = inodeOf(fields[3] ?? '');
    const mount = (fields[4] ?? '').replace(/\\(\d{3})/g, (_all, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    if (inode !== null && !found.has(inode)) found.set(inode, { inode, pid: null, mount });
  }
  return [...found.values()];
};
