import { type TraceNs, traceNs } from '../kernel/units.ts';
import { BOUNDS } from '../wire/bounds.ts';

/** Our events and the kernel's counter may be read this far apart, ns, and still mean the same moment. */
const SAMPLE_SLACK_NS = 10_000_000;

/**
 * A sample waits at most this long for closes before it to be announced, ns of event time. A full ring of the probes
 * is announced in 3 s.
 */
const LONGEST_WAIT_NS = 10_000_000_000;

/** With deferred announcements `unlocated` is the least of this many samples. */
const SETTLINGS = 10;

/** The orphan ledger at one moment. */
export type LedgerRow = {
  readonly at: TraceNs;
  readonly entries: number;
  readonly exits: number;
  /** baseline + entries - exits; null until the inventory is complete. */
  readonly orphans: number | null;
  /** The figure of /proc/net/sockstat; null before the first sample. */
  readonly kernelOrphans: number | null;
  readonly kernelLimit: number | null;
  /** Orphans at the start that no readable namespace listed. */
  readonly unlocated: number;
  /** orphans - kernelOrphans at the sample's moment. */
  readonly drift: number | null;
  /** Entries and exits within 10 ms of the sample. They can explain that much drift. */
  readonly inFlight: number;
  /** Entries and exits that were not observed but follow from others. */
  readonly inferred: number;
};

export type Ledger = {
  readonly enter: (at: TraceNs, count?: number) => void;
  readonly exit: (at: TraceNs, count?: number) => void;
  /** Sockets that entered and left between two lines of the kernel's own count. Each was dying for `ns` at most. */
  readonly passThrough: (count: number, ns: number) => void;
  /** So many entered or left at a moment that is known only to a second. */
  readonly blur: (count: number) => void;
  readonly infer: () => void;
  /** The inventory is complete: `located` orphans were there before the capture. */
  readonly setBaseline: (located: number) => void;
  /** One of the orphans that no namespace listed has shown itself. */
  readonly locate: () => boolean;
  /** @returns false if so many samples wait to be settled that this one is not compared */
  readonly sample: (at: TraceNs, orphans: number, limit: number) => boolean;
  /** The probes say it: each close before this time has been announced or counted. */
  readonly announced: (until: TraceNs) => void;
  /** Lets event time pass. A sample is settled once every close before it has been announced. */
  readonly advance: (at: TraceNs) => void;
  /** The capture has ended: settles a sample that still waits. */
  readonly end: (at: TraceNs) => void;
  readonly now: (at: TraceNs) => LedgerRow;
};

type Pending = {
  at: TraceNs;
  kernel: number;
  limit: number;
  ours: number | null;
  entries: number;
  exits: number;
  moved: number;
};

/**
 * orphans = baseline + entries - exits, compared with the kernel's own counter.
 *
 * The count is never reset to the kernel's. Once, at the first settled sample after the inventory, the kernel's surplus
 * over inventory and in-flight events becomes `unlocated`: orphans in namespaces that nobody can read. If announcements
 * are deferred, it is the least surplus of ten samples: orphans that were not announced yet are not hidden ones.
 *
 * @param onRow - called for each settled sample
 * @param announceNs - a sock is announced up to this long after its close, and later in a burst: its entry comes that
 *   much later
 * @see ../../docs/ledger.md; Linux net/ipv4/tcp.c __tcp_close, net/ipv4/inet_connection_sock.c inet_csk_destroy_sock
 */
export const createLedger = (onRow: (row: LedgerRow) => void, announceNs = 0): Ledger => {
  const settleNs = SAMPLE_SLACK_NS + announceNs;
  let entries = 0;
  let exits = 0;
  let inferred = 0;
  let baseline: number | null = null;
  let settlings = SETTLINGS;
  let unlocated = 0;
  let kernelOrphans: number | null = null;
  let kernelLimit: number | null = null;
  let drift: number | null = null;
  let inFlight = 0;
  /** Samples taken and not settled, oldest first. */
  const pending: Pending[] = [];
  /** Sockets that passed through since the sample before, and how long all of them together were dying, ns. */
  let passed = 0;
  let dwelt = 0;
  let blurred = 0;
  let sampledAt: TraceNs | null = null;
  /** Positive infinity: the probes do not say. */
  let announcedUntil = Number.POSITIVE_INFINITY;
  const recent: TraceNs[] = [];
  /**
   * The number up to each, itself included, since the capture began. The sum over any span is a difference.
   */
  const recentSums: number[] = [];
  let recentSum = 0;
  let droppedSum = 0;
  let recentStart = 0;

  const orphans = (): number | null => (baseline === null ? null : baseline + entries - exits);

  const note = (at: TraceNs, count: number): void => {
    for (const sample of pending) {
      if (Math.abs(at - sample.at) <= SAMPLE_SLACK_NS) sample.moved += count;
    }
    // An entry whose announcement is deferred counts at the time of its announcement.
    const last = recent.length === 0 ? at : (recent[recent.length - 1] as TraceNs);
    recent.push(at < last ? last : at);
    recentSum += count;
    recentSums.push(recentSum);
    while ((recent[recentStart] as TraceNs) < at - SAMPLE_SLACK_NS) recentStart++;
    if (recentStart > 4096 && recentStart * 2 > recent.length) {
      droppedSum = recentSums[recentStart - 1] as number;
      recent.splice(0, recentStart);
      recentSums.splice(0, recentStart);
      recentStart = 0;
    }
  };

  /** The number that came before `at`: all that were let go of, and some of the others. */
  const sumBefore = (at: TraceNs): number => {
    let [from, to] = [recentStart, recent.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((recent[middle] as TraceNs) < at) from = middle + 1;
      else to = middle;
    }
    return from === 0 ? droppedSum : (recentSums[from - 1] as number);
  };

  const settle = (sample: Pending): void => {
    kernelOrphans = sample.kernel;
    kernelLimit = sample.limit;
    inFlight = sample.moved;
    let ours = sample.ours;
    if (ours !== null && settlings > 0 && baseline !== null) {
      const isFirst = settlings-- === SETTLINGS;
      const beyond = sample.kernel - ours;
      // A socket that dies before its announcement may be in the kernel's count and not in ours, at one sample but not
      // at the next.
      const change = isFirst ? (beyond > inFlight ? beyond : 0) : -Math.min(unlocated, Math.max(0, -beyond));
      if (announceNs === 0) settlings = 0;
      unlocated += change;
      baseline += change;
      ours += change;
      for (const later of pending) if (later.ours !== null) later.ours += change;
    }
    drift = ours === null ? null : ours - sample.kernel;
    onRow({
      at: sample.at,
      entries: sample.entries,
      exits: sample.exits,
      orphans: ours,
      kernelOrphans,
      kernelLimit,
      unlocated,
      drift,
      inFlight,
      inferred,
    });
  };

  return {
    enter: (at, count = 1) => {
      entries += count;
      for (const sample of pending) {
        if (at > sample.at || sample.ours === null) continue;
        sample.ours += count;
        sample.entries += count;
      }
      note(at, count);
    },
    passThrough: (count, ns) => {
      entries += count;
      exits += count;
      passed += count;
      dwelt += count * ns;
    },
    exit: (at, count = 1) => {
      exits += count;
      note(at, count);
    },
    blur: (count) => {
      for (const sample of pending) sample.moved += count;
      blurred += count;
    },
    infer: () => {
      inferred++;
    },
    setBaseline: (located) => {
      baseline = located;
    },
    locate: () => {
      if (unlocated === 0) return false;
      unlocated--;
      return true;
    },
    sample: (at, kernel, limit) => {
      if (pending.length >= BOUNDS.samples) return false;
      // Some of the deaths that were only counted were under way at this moment: twice as many as on average.
      const sinceNs = sampledAt === null ? 0 : at - sampledAt;
      let moved = sinceNs > 0 ? Math.min(2 * passed, Math.ceil((2 * dwelt) / sinceNs)) : 2 * passed;
      passed = 0;
      dwelt = 0;
      moved += blurred;
      blurred = 0;
      sampledAt = at;
      moved += recentSum - sumBefore(traceNs(at - SAMPLE_SLACK_NS));
      pending.push({ at, kernel, limit, ours: orphans(), entries, exits, moved });
      return true;
    },
    announced: (until) => {
      announcedUntil = until;
    },
    advance: (at) => {
      while (pending[0] !== undefined && at > pending[0].at + settleNs) {
        // In a burst closes wait in the kernel to be announced: they are on their way, and no drift.
        if (announcedUntil < pending[0].at && at <= pending[0].at + LONGEST_WAIT_NS) return;
        settle(pending.shift() as Pending);
      }
    },
    end: () => {
      while (pending[0] !== undefined) settle(pending.shift() as Pending);
    },
    now: (at) => ({
      at,
      entries,
      exits,
      orphans: orphans(),
      kernelOrphans,
      kernelLimit,
      unlocated,
      drift,
      inFlight,
      inferred,
    }),
  };
};
