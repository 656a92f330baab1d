import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** The ground of the figures, one line. */
export const machineLine = (bpftraces: readonly string[]): string => {
  const cores = availableParallelism();
  return [
    `${cpus()[0]?.model.trim() || 'unknown CPU'}, ${cores} cores${isVirtual() ? ' of a virtual machine' : ''}`,
    `${Math.round(totalmem() / 1024 ** 3)} GB`,
    `Linux ${(/^\d+\.\d+/.exec(release()) ?? [release()])[0]}`,
    `Node ${process.versions.node}`,
    ...(bpftraces.length === 0 ? [] : [`bpftrace ${bpftraces.join(', ')}`]),
  ].join('; ');
};

const isVirtual = (): boolean => {
  try {
    return /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
};
