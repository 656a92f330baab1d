import type { SkAddr, TraceNs } from '../kernel/units.ts';
import { type Announce, type Reset, VIA } from '../wire/event.ts';
import { stateOf } from '../wire/evidence.ts';

/** A transition as it was observed. */
export type ObservedMove = {
  readonly at: TraceNs;
  readonly from: number;
  readonly to: number;
  /** The sock was locked by a task: a syscall, its backlog, an abort. */
  readonly own: boolean;
};

/** What makes a path less than certain; shown with it, word for word. */
export type Gap =
  | 'older_than_capture'
  | 'close_not_observed'
  | 'transition_missed'
  | 'destroy_missed'
  | 'events_lost'
  | 'event_late'
  | 'attaching'
  | 'linger_end_inferred'
  | 'capture_ended';

/** How near the host was to its limits at one moment; null where that is not known. */
export type Pressure = {
  /** Orphans of the whole host, by our count where the inventory is in, else the kernel's. */
  readonly orphans: number | null;
  /** net.ipv4.tcp_max_orphans. */
  readonly limit: number | null;
  /** Pages of memory that TCP sockets hold, of the newest sample. */
  readonly memPages: number | null;
  /** The third figure of net.ipv4.tcp_mem, pages. */
  readonly memHigh: number | null;
  /** Whether the limits were read about then. Samples come once a second: an older one was followed by others, lost. */
  readonly isFresh: boolean;
};

/** One life of one `struct sock`, from its close to its destroy: what was observed, and no more. */
export type Sock = {
  readonly sk: SkAddr;
  /** Tells lives at one address apart; counts from 1. */
  readonly generation: number;
  announce: Announce;
  /** When the probe announced it; where its map did not keep that, when it did so again. */
  announcedAt: TraceNs;
  /** When it was closed; where no close was observed, when it was announced. */
  readonly closedAt: TraceNs;
  /** When it became an orphan; null while it is none. */
  orphanAt: TraceNs | null;
  /** The exit of this sock is to be counted. */
  entered: boolean;
  /** close() waits for SO_LINGER; the orphan begins when that ends. */
  lingering: boolean;
  /** State last heard of. */
  state: number;
  /** Transitions after the announcement; those before are in its line. */
  moves: ObservedMove[];
  /** Newest S or R line, or the L line that announced it, or its packed form: evidence for `parseEvidence`. */
  latest: string | null;
  latestAt: TraceNs | null;
  retransmits: number;
  /** Of the first retransmission that was seen; null where none was. */
  firstRetransmitAt: TraceNs | null;
  resets: Reset[];
  /** Lines about it since its announcement, up to its destroy. */
  lines: number;
  /** How many the probe had printed of these, by its destroy; -1 where that is not known. */
  printed: number;
  /** When it was reset by the kernel itself, or left without an answer: the host's limits at that moment. */
  pressure: Pressure | null;
  destroyedAt: TraceNs | null;
  /** As its destroy told it, decimal; the announcement's line may know it before. */
  cookie: string | null;
  destroyErr: number;
  gaps: Set<Gap>;
};

/** Shared until a sock has something of its own: most never do, and a hundred thousand empty lists are memory. */
export const NONE: never[] = [];
export const NO_GAPS: Set<Gap> = new Set();

/** Marks what makes a sock's path less than certain. */
export const addGap = (sock: Sock, gap: Gap): void => {
  if (sock.gaps === NO_GAPS) sock.gaps = new Set();
  sock.gaps.add(gap);
};

/** A sock at its announcement: dying, and nothing more is known of it. */
export const newSock = (event: Announce, generation: number): Sock => ({
  sk: event.sk,
  generation,
  announce: event,
  announcedAt: event.at,
  closedAt: event.closedAt,
  orphanAt: null,
  entered: false,
  lingering: false,
  state: stateAfter(event),
  moves: NONE,
  latest: event.closedAt < event.at ? event.line : null,
  latestAt: event.closedAt < event.at ? event.at : null,
  retransmits: event.retransmits,
  firstRetransmitAt: null,
  resets: NONE,
  lines: 0,
  printed: -1,
  pressure: null,
  destroyedAt: null,
  cookie: null,
  destroyErr: 0,
  gaps: NO_GAPS,
});

/**
 * Whether lines tell of it until its destroy. Where not, it may have gone since, and its newest evidence is old.
 */
export const isFollowed = ({ announce, latest }: Sock): boolean =>
  announce.isFollowed || (latest !== null && latest !== announce.line);

/** Where a sock stands after its announcement: a tracepoint's transition is traced before it is stored. */
export const stateAfter = (event: Announce): number =>
  event.via === VIA.hook || event.via === VIA.destroy || event.movedTo === 0 ? stateOf(event.context) : event.movedTo;
