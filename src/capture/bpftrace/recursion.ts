import { readdirSync, readFileSync } from 'node:fs';

/**
 * Events the kernel did not run a probe for because one of the same CPU was running: the sum of
 * `recursion_misses` over a process's BPF programs. bpftrace never reports these.
 *
 * @returns null where the kernel does not tell (before 5.12) or the process has gone
 * @see Linux kernel/bpf/syscall.c, bpf_prog_show_fdinfo
 */
export const readRecursionMisses = (pid: number): number | null => {
  let sum: number | null = null;
  try {
    for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
      const match = /^recursion_misses:\s*(\d+)$/m.exec(readFdinfo(pid, fd));
      if (match !== null) sum = (sum ?? 0) + Number(match[1]);
    }
  } catch {
    return null;
  }
  return sum;
};

const readFdinfo = (pid: number, fd: string): string => {
  try {
    return readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
  } catch {
    return '';
  }
};
