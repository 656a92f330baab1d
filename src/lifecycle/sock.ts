import type { SkAddr, TraceNs } from '../kernel/units.ts';
import { type Announce, type Reset, VIA } from '../wire/event.ts';
import { stateOf } from '../wire/evidence.ts';
import type { Progress } from './progress.ts';

/** A transition as it was observed. */
export type ObservedMove = {
  readonly at: TraceNs;
  readonly from: number;
  readonly to: number;
  /** The sock was locked by a task: a syscall, its backlog, an abort. */
  readonly own: boolean;
};

/** Reasons why a path is less than certain. They are shown with it, word for word. */
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

/** The host's distance from its limits at one moment. Null is unknown. */
export type Pressure = {
  /** Orphans of the whole host: our count once the inventory is in, the kernel's before. */
  readonly orphans: number | null;
  /** False if events were lost and the kernel has not confirmed our count since. */
  readonly isExact: boolean;
  /** net.ipv4.tcp_max_orphans. */
  readonly limit: number | null;
  /** Pages of memory that TCP sockets held at the newest sample. */
  readonly memPages: number | null;
  /** The third figure of net.ipv4.tcp_mem, pages. */
  readonly memHigh: number | null;
  /** True if the limits were read about then. Samples come once a second: after an older one, samples were lost. */
  readonly isFresh: boolean;
};

/** One life of one `struct sock`, from its close to its destroy, as it was observed. */
export type Sock = {
  readonly sk: SkAddr;
  /** Tells lives at one address apart; counts from 1. */
  readonly generation: number;
  announce: Announce;
  /** Time of its announcement. If the probe's map did not keep it: time of the second announcement. */
  announcedAt: TraceNs;
  /** Time of its close. If no close was observed: time of its announcement. */
  readonly closedAt: TraceNs;
  /** Time at which it became an orphan; null while it is none. */
  orphanAt: TraceNs | null;
  /** Its exit is to be counted. */
  entered: boolean;
  /** close() waits for SO_LINGER. The orphan begins when that ends. */
  lingering: boolean;
  /** The newest state. */
  state: number;
  /** Transitions after the announcement. The earlier ones are in its line. */
  moves: ObservedMove[];
  /** The newest evidence, for `parseEvidence`: an S or R line, or the L line that announced it, or its packed form. */
  latest: string | null;
  latestAt: TraceNs | null;
  /** Its data was seen to be acknowledged piece by piece; null while it was not. */
  progress: Progress | null;
  retransmits: number;
  /** Time of the first retransmission that was seen; null if none was. */
  firstRetransmitAt: TraceNs | null;
  resets: Reset[];
  /** Lines about it between its announcement and its destroy. */
  lines: number;
  /** The number of these lines that the probe had printed by its destroy; -1 if that is not known. */
  printed: number;
  /** The host's limits when the kernel reset it, or stopped waiting for it. */
  pressure: Pressure | null;
  destroyedAt: TraceNs | null;
  /** The cookie that its destroy told, decimal. The announcement's line may have it already. */
  cookie: string | null;
  destroyErr: number;
  /** The context of its destroy; 0 before. */
  destroyContext: number;
  gaps: Set<Gap>;
  /** Events were lost while it lived, before its newest line, and nothing has shown yet that none was its own. */
  mayLack: boolean;
  /** It is destroyed, and a reset whose line has no number would be another end; or another count of the orphans. */
  hasOpenEnd: boolean;
};

/** Shared until a sock has an entry of its own: most never have, and a hundred thousand empty lists take memory. */
export const NONE: never[] = [];
export const NO_GAPS: Set<Gap> = new Set();

/** Adds a reason why a sock's path is less than certain. */
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
  progress: null,
  retransmits: event.retransmits,
  firstRetransmitAt: null,
  resets: NONE,
  lines: 0,
  printed: -1,
  pressure: null,
  destroyedAt: null,
  cookie: null,
  destroyErr: 0,
  destroyContext: 0,
  gaps: NO_GAPS,
  mayLack: false,
  hasOpenEnd: false,
});

/** True if lines tell of it until its destroy. If not, it may have gone, and its newest evidence is old. */
export const isFollowed = ({ announce, latest }: Sock): boolean =>
  announce.isFollowed || (latest !== null && latest !== announce.line);

/** The state of a sock after its announcement: a tracepoint fires before the transition is stored. */
export const stateAfter = (event: Announce): number =>
  event.via === VIA.hook || event.via === VIA.destroy || event.movedTo === 0 ? stateOf(event.context) : event.movedTo;
