import type { ClosePath, Dying, How, WaitingFor } from '../../explain/close-path.ts';
import type { TcpState } from '../../kernel/tcp-state.ts';
import type { Silent } from '../../lifecycle/baseline.ts';
import type { Sock } from '../../lifecycle/sock.ts';

/** One line of the table: a socket that is still dying. */
export type Row = {
  /** Identity for selection: `sk/generation`. Never shown. */
  readonly key: string;
  /** Milliseconds since tcp_close; null for a baseline orphan. */
  readonly ageMs: number | null;
  /** If `ageMs` is null: how long it has been dying at the least (since the capture began), shown as `>4m05s`. */
  readonly atLeastMs?: number;
  readonly state: TcpState;
  /** `addr:port`, IPv6 in brackets. */
  readonly local: string;
  readonly peer: string;
  /** Inode of the network namespace; null for the host's own (finwait's). */
  readonly netns: number | null;
  /** Safe for a screen already (`printable`). Null if no task closed it, or if nobody saw which. */
  readonly closer: { readonly comm: string; readonly pid: number; readonly exiting: boolean } | null;
  /** Kernel memory in bytes; null when unknown. */
  readonly heldBytes: number | null;
  readonly retransmits: number;
  readonly waitingFor: WaitingFor;
  /**
   * Milliseconds until the kernel gives up on it; null when unknown. Left out of rows for which it was not computed.
   */
  readonly deadlineMs?: number | 'never' | null;
  /** The source of the row; null for an orphan that only the inventory knows. Never shown. */
  readonly sock?: Sock | null;
  /** The source of the row for an orphan that only the inventory knows. */
  readonly orphan?: Silent;
  /** False when loss, a late start or inference touched this row. */
  readonly certain: boolean;
  /** Shown on a wide terminal if some row has them. */
  readonly how?: How;
  readonly unackedBytes?: number | null;
  readonly unsentBytes?: number | null;
};

/** The figures of the header. Null means unknown, and is shown as unknown. */
export type Status = {
  readonly source: 'live' | 'recording';
  /** The recording's name; empty when live. */
  readonly sourceName: string;
  /** `attaching`, `tracing`, `replaying`, `ended`, or `failed`. */
  readonly phase: 'attaching' | 'tracing' | 'replaying' | 'ended' | 'failed';
  readonly backend: string;
  /** e.g. `bpftrace 0.17.0`. */
  readonly tracer: string;
  /** Wall-clock of the newest event, `HH:MM:SS` local; empty before the first. */
  readonly clock: string;
  /**
   * Live only: no event has come for this long, ms, and all figures are as of then. Null while events come: the kernel's
   * probes tick ten times a second.
   */
  readonly staleMs: number | null;
  /** Our count of orphans, baseline included; null until the inventory is taken. */
  readonly orphans: number | null;
  readonly kernelOrphans: number | null;
  readonly limit: number | null;
  /** Ours minus the kernel's. */
  readonly drift: number | null;
  /** Entries and exits so close to the kernel's sample that they explain a drift of this size. */
  readonly inFlight: number;
  readonly unlocated: number;
  /** Null until two ledger records show the rate, both with the count of fast deaths. */
  readonly entriesPerSec: number | null;
  readonly exitsPerSec: number | null;
  /** Deaths too fast to be announced: the kernel side only counted them. The rates above include them. */
  readonly fastDeaths: number;
  readonly fastDeathsPerSec: number | null;
  /** Deaths faster than this are fast, ms; null where nothing says so. */
  readonly minAgeMs: number | null;
  readonly lostEvents: number;
  readonly outOfOrder: number;
  readonly malformed: number;
  /** Kernel memory in bytes that the dying sockets held at their last sighting; null if it was not added up. */
  readonly heldBytes: number | null;
  /** Orphans that only the inventory knows, and that were not read yet: `heldBytes` leaves their memory out. */
  readonly heldUnknown: number;
  /**
   * The command line's filter, as typed there; empty if none. It may hold any bytes. The figures here are not filtered.
   */
  readonly filter: string;
  /**
   * Says that no socket has passed that filter yet, and what there was instead; empty once one has. It may hold any
   * bytes.
   */
  readonly unmatched: string;
  /**
   * Sentences about the connections that end abnormally these seconds: who ends them, how, and how many. They may hold
   * any bytes.
   */
  readonly abnormal: readonly string[];
  /** In words, the work that the screen has given up to keep up; empty if none. */
  readonly overload: string;
  /** The newest fault or warning, one line, safe for a screen; empty if none. */
  readonly notice: string;
};

/** Orders of the table, in the order in which the keys go through them. */
export const SORTS = ['age', 'held', 'retransmits', 'state', 'peer', 'closer', 'cause', 'due'] as const;
export type SortKey = (typeof SORTS)[number];

/** The request of the screen to the store. */
export type Query = {
  /** Words that must all occur (case-insensitively) in state, addresses, closer or waiting_for; `!word` must not. */
  readonly filter: string;
  readonly sort: SortKey;
  /** The order is turned round; rows of which nobody knows the value stay last. */
  readonly isReversed?: boolean;
  /** Number of rows that the screen can show, and number of rows scrolled away above. */
  readonly limit: number;
  readonly offset: number;
  /** Row whose close path is open, or null. */
  readonly detail: string | null;
  /** Row that the selection follows, wherever the order takes it; null or absent if it follows none. */
  readonly follow?: string | null;
};

/** A frozen moment. A new object for each frame, never changed after. */
export type Snapshot = {
  readonly status: Status;
  readonly rows: readonly Row[];
  /** Number of dying sockets that pass the filter, and of all of them. */
  readonly matching: number;
  readonly total: number;
  readonly query: Query;
  /** Position of `query.follow` among the matching rows, from 0; null if it is not (or no longer) among them. */
  readonly followIndex?: number | null;
  /** Progress of the answer to a newer query, 0 to 1; null or absent if this answers the newest. */
  readonly progress?: number | null;
  /** The open close path; a socket that ended while open keeps its final path here. */
  readonly detail: ClosePath | Dying | null;
};

/** The edge between the fold and React: read it with `useSyncExternalStore`. */
export type TopStore = {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => Snapshot;
  readonly setQuery: (change: Partial<Query>) => void;
  /** While paused the fold goes on and the data stands still. `setQuery` is still answered, from the frozen moment. */
  readonly setPaused: (paused: boolean) => void;
};
