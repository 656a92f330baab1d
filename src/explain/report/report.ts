import type { LedgerRow } from '../../lifecycle/ledger.ts';
import type { Counters } from '../../lifecycle/tracker.ts';
import type { AbnormalDeaths } from '../abnormal.ts';
import type { Cause, ClosePath, Dying, Side, WaitingFor } from '../close-path.ts';
import type { HostState } from './host-state.ts';

export const GROUPINGS = ['closer', 'peer', 'port', 'cause', 'state', 'netns'] as const;

/** A way to group sockets: by closing process, peer (its address, or its /24 or /64 where there are many), service port, cause, state or namespace. */
export type Grouping = (typeof GROUPINGS)[number];

export type Row = ClosePath | Dying;

/** Facts that are known when the stream has ended. */
export type ReportEnd = {
  /** The traced host's name; hostile in a recording. */
  readonly hostName: string;
  /** Inode of the network namespace in which finwait ran; null where unknown. */
  readonly netns: number | null;
  /** RFC 3339; null before the first event. */
  readonly from: string | null;
  readonly until: string | null;
  readonly ledger: LedgerRow | null;
  readonly counters: Counters | null;
  /** Ends on the whole host: no filter applies to them. */
  readonly abnormal: readonly AbnormalDeaths[];
  readonly host: HostState;
  /** The rows passed filters; the ledger still counts the whole host. */
  readonly isFiltered: boolean;
  /** The recording has no end. */
  readonly isCut: boolean;
};

export type Count<Key extends string = string> = { readonly key: Key; readonly count: number };

/** Sockets that have something in common. Counts are of sockets, `*_us` microseconds, `*_bytes` bytes. */
export type Group = {
  readonly key: string;
  /** True for the one group that holds the rest: its key names nothing. */
  readonly is_other: boolean;
  readonly count: number;
  /** Percent of the sockets of its section; the shares of a section's groups sum to 100. */
  readonly share: number;
  /** The process that closed them all; null where there were several, or none was seen. */
  readonly pid: number | null;
  /** Kernel memory held at the close, summed over the sockets for which it is known; null if it is known for none. */
  readonly held_bytes: number | null;
  /** Sockets whose memory is unknown: `held_bytes` leaves them out. */
  readonly held_unknown: number;
  /** Memory that the sockets still dying hold now, by evidence that is a few seconds old. */
  readonly held_now_bytes: number | null;
  readonly held_now_unknown: number;
  /** Longest time from tcp_close to now, or to the destroy; null where no close was observed. */
  readonly oldest_us: number | null;
  /** Time at which the first of them was closed, RFC 3339; null where no close was observed. */
  readonly since: string | null;
  /** Most first. */
  readonly causes: readonly Count<Cause>[];
  readonly sides: readonly Count<Side>[];
  readonly waiting_for: readonly Count<WaitingFor>[];
  /** Time at which the kernel gives up on them; null if no socket has a known deadline. */
  readonly deadline_earliest: string | null;
  readonly deadline_latest: string | null;
  /** Sockets still dying on which the kernel never gives up. */
  readonly never_reaped: number;
  /** Sockets still dying whose deadline is unknown. */
  readonly without_deadline: number;
  /** Sockets with a gap in their observation. */
  readonly uncertain: number;
};

/** The figures of a `Group`, for all sockets of a section. */
export type Totals = Omit<Group, 'key' | 'is_other' | 'share'> & {
  /** Sockets whose close was not observed. */
  readonly age_unknown: number;
};

export type Section = {
  readonly totals: Totals;
  /** Most sockets first; the rest is one group, the last. */
  readonly groups: readonly Group[];
};

/** Missing events, and other reasons to doubt the counts. */
export type Loss = {
  readonly lost_events: number;
  readonly late_events: number;
  readonly malformed: number;
  readonly unannounced: number;
};

export type Report = {
  /**
   * Sentences in one line, for an incident channel. It holds names that processes gave themselves: do not print it raw.
   */
  readonly answer: string;
  /** Reasons why the counts may be off, in sentences; empty if nothing is known to be. */
  readonly doubts: readonly string[];
  readonly by: Grouping;
  /** RFC 3339; null before the first event. */
  readonly from: string | null;
  readonly until: string | null;
  /** Orphans that exist now. */
  readonly orphans: Section;
  /** Sockets whose close() still waits for SO_LINGER: dying, but no orphans yet. */
  readonly lingering: number;
  /** Sockets destroyed while finwait watched. */
  readonly died: Section;
  /** Those of `died` that were orphans before. */
  readonly died_as_orphans: number;
  /** Deaths too fast to be announced: the kernel only counted them, so no section holds them. */
  readonly tallied: number;
  /** Abnormal ends of the whole host by cause, closer and port, most first. */
  readonly abnormal: readonly AbnormalDeaths[];
  /** Slowest first, bounded: first the sockets still dying, then the dead ones. */
  readonly sockets: readonly Row[];
  readonly host: HostState;
  readonly loss: Loss;
};
