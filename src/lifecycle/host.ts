import type { HostSeen, KernelLogged, Sample } from '../wire/event.ts';

/** Lines of the kernel's log that are kept; more are only counted. Lines of processes leave room for the kernel's. */
const MAX_LOG = { all: 1000, byProcess: 500 } as const;

/**
 * The kernel's complaints since the capture began. The kernel limits their rate, so each count is the least there were.
 */
export type KernelLog = {
  /** Oldest first: the first 1,000, of which at most 500 are of processes. */
  readonly lines: readonly KernelLogged[];
  /** Counts of the lines that the kernel itself wrote, by subject. */
  readonly orphans: number;
  readonly memory: number;
  /** Lines like the kernel's that a process wrote to /dev/kmsg. They are in neither count. */
  readonly byProcess: number;
};

export type Host = {
  readonly take: (event: HostSeen | KernelLogged | Sample) => void;
  readonly seen: {
    /** The newest facts of the host, and when they were put; null before the first. */
    readonly host: () => HostSeen | null;
    readonly kernelLog: () => KernelLog;
    /** The newest of the samples that come once a second; null before the first. */
    readonly sample: () => Sample | null;
  };
};

/** Keeps what the host last said of itself, and what its kernel complained of. */
export const createHost = (): Host => {
  let facts: HostSeen | null = null;
  let sample: Sample | null = null;
  const lines: KernelLogged[] = [];
  const counts = { orphans: 0, memory: 0, byProcess: 0 };
  return {
    take: (event) => {
      if (event.kind === 'sample') {
        if (sample === null || event.at >= sample.at) sample = event;
      } else if (event.kind === 'host_facts') {
        if (facts === null || event.at >= facts.at) facts = event;
      } else {
        counts[event.facility === 0 ? event.about : 'byProcess']++;
        if (event.facility !== 0 && counts.byProcess > MAX_LOG.byProcess) return;
        if (lines.length < MAX_LOG.all) lines.push(event);
      }
    },
    seen: {
      host: () => facts,
      kernelLog: () => ({ lines: [...lines], ...counts }),
      sample: () => sample,
    },
  };
};
