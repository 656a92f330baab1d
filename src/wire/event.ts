import type { SkAddr, TraceNs } from '../kernel/units.ts';
import type { HostFacts } from './host-facts.ts';

/** The probe's way of knowing that a socket dies; the numbers are the wire's. */
export const VIA = {
  /** The hook on `__tcp_close` itself. */
  hook: 1,
  /** A transition into the state that it was in already: only `__tcp_close` emits one. */
  repeated: 2,
  /** A transition under the socket's lock while its file was in its last fput. */
  last_fput: 3,
  /** Found dead already: of the baseline, or its close was missed. */
  foundDead: 4,
  /** First seen at destroy: it was in CLOSE before. */
  destroy: 5,
  /**
   * In tallies only: the socket became old enough to be announced while the probe's filter was not for it; and its
   * destroy.
   */
  muted_in: 6,
  muted_out: 7,
} as const;

/** Facts that every line about a socket carries, packed as on the wire. See docs/wire-format.md. */
type OnSock = { readonly at: TraceNs; readonly sk: SkAddr };

/**
 * The CPU whose line it is: its number + 1, and 0 where the line does not say. Other kinds have it in `context`.
 *
 * @see evidence.ts, cpuOf
 */
type Printed = { readonly cpu: number };

/** The first line: the speaker, and how its clock stands to the wall clock. */
export type Hello = {
  readonly kind: 'hello';
  readonly at: TraceNs;
  readonly version: number;
  readonly backend: string;
  /** Boot clock at the handshake: seconds above, nanoseconds below. */
  readonly bootSec: number;
  readonly bootNsec: number;
  /** Wall clock at the same instant, UTC seconds and microseconds. */
  readonly wallSec: number;
  readonly wallUsec: number;
};

export type Announce = OnSock & {
  readonly kind: 'announce';
  readonly via: number;
  /** `e0`: skc_flags in the high half, context bits in the low. */
  readonly flags: number;
  readonly context: number;
  /** The state after the newest remembered transition. 0: there is none, or an `L` line came after it. */
  readonly movedTo: number;
  /** Time of its close: `at` of an `A` line; earlier than `at` of an `L` line. Meaningless with `via` foundDead. */
  readonly closedAt: TraceNs;
  /** Retransmissions between close and announcement, from an `L` line. */
  readonly retransmits: number;
  /** False: the probe's map had no place for it, so no later line tells of it. An `A` line does not say. */
  readonly isFollowed: boolean;
  /** The kind of abnormal end (`ENDED`) that it was announced for as an example, however young; 0: announced for its age. */
  readonly sample: number;
  /** The whole line, or its packed form. `parseAnnounce` reads the rest when somebody asks. */
  readonly line: string;
};

export type SetState = OnSock & {
  readonly kind: 'set_state';
  readonly from: number;
  readonly to: number;
  readonly flags: number;
  readonly context: number;
  readonly line: string;
};

export type Retransmit = OnSock & Printed & { readonly kind: 'retransmit'; readonly line: string };

/** The evidence of another look. The socket may have been destroyed meanwhile, and its address may be another's. */
export type Look = OnSock &
  Printed & {
    readonly kind: 'look';
    /** Hexadecimal; `0`: the kernel had made none yet. */
    readonly cookie: string;
    readonly context: number;
    /** Lines that were printed about the sock so far, its announcement included, looks not counted; 0: not said. */
    readonly told: number;
    readonly line: string;
  };

/**
 * The pass began at `began` and had looked at every followed sock announced before by `at`. Each changed one had a
 * `look`.
 */
export type Swept = Printed & {
  readonly kind: 'swept';
  readonly at: TraceNs;
  readonly began: TraceNs;
  readonly watched: number;
  /** False: some socks had no place on the list, and nobody knows which. */
  readonly isWhole: boolean;
};

export type Reset = OnSock &
  Printed & {
    readonly kind: 'reset';
    readonly sent: boolean;
    readonly state: number;
    /** The reset answered a segment. If not, the kernel sent it of its own accord. */
    readonly answersSegment: boolean;
    /** `enum sk_rst_reason`, or null where the kernel gives none. */
    readonly reason: number | null;
    /** For a received reset: the data segments that had come by then, modulo 2^24, including the one it came with. */
    readonly dataSegsIn: number;
  };

export type Destroy = OnSock & {
  readonly kind: 'destroy';
  readonly cookie: string;
  readonly flags: number;
  readonly context: number;
  readonly err: number;
  /** Time of its socket's announcement, rounded down to 65,536 ns. Meaningless if `lines` is 0. */
  readonly announcedAt: TraceNs;
  /** Lines printed about this sock, its announcement included. 0: the probe could not count. */
  readonly lines: number;
};

/** Sockets that died before they were announced. The kernel has counted them since the capture began. */
export type Tally = {
  readonly kind: 'tally';
  readonly at: TraceNs;
  readonly via: number;
  readonly exiting: boolean;
  readonly closedIn: number;
  readonly lastFrom: number;
  readonly err: number;
  /**
   * A reset that the kernel sent of its own accord: 0 none, else `enum sk_rst_reason` + 1; 255 where it gives no
   * reason.
   */
  readonly reset: number;
  /** Bits of `TALLY`. */
  readonly marks: number;
  /**
   * Bin of the time they were dying. 0: not known, or no time. n: from 2^(n-1) µs on (1: from 0 on); the last has no
   * end.
   */
  readonly size: number;
  readonly count: number;
};

/** Kinds of abnormal ends that the kernel counts by closer and port; the numbers are the wire's. */
export const ENDED = {
  unread_data: 1,
  linger_zero: 2,
  /** A limit of the host: tcp_max_orphans or tcp_mem. */
  limit: 3,
  linger2: 4,
  killed: 5,
  /** With data that the peer had not acknowledged. */
  peer_reset: 6,
  data_after_close: 7,
} as const;

/** Abnormal ends of one kind, closer and port; counted in the kernel since the capture began, announced ones included. */
export type Ended = {
  readonly kind: 'ended';
  readonly at: TraceNs;
  /** Kind of abnormal end, of `ENDED`. */
  readonly end: number;
  /** Only for an end by a limit: it was not tcp_mem. */
  readonly isNotMemory: boolean;
  readonly closedIn: number;
  readonly exiting: boolean;
  readonly isKernels: boolean;
  /** A reset, coded as a tally's. */
  readonly reset: number;
  /** The smaller of its ports; null where it was not kept. */
  readonly port: number | null;
  /** Null where the closer is not known, and where several of that name are counted together. */
  readonly pid: number | null;
  /** Null where the closer is not known. */
  readonly comm: string | null;
  readonly count: number;
};

/** A reset for which the kernel gives no reason, in the code of tallies and counts: there a reason is one more than it is. */
export const NO_REASON = 255;

/** More facts that a tally's sockets share: bits of the wire's `marks`. */
export const TALLY = {
  /** tcp_close itself made the transition into CLOSE. */
  in_close: 1,
  unread: 2,
  /** SO_LINGER with 0 s. */
  linger_zero: 4,
  /** The closer was a kernel thread. */
  kernel: 8,
  /** The peer's FIN had come (SOCK_DONE). */
  done: 16,
  /** TCP_LINGER2 was negative. */
  linger2: 32,
  /** A task held the lock at its destroy. */
  own: 64,
  /** A correction: this many of the class without this mark sent a reset that answered a segment. */
  answered: 128,
  /** Reset for a limit of the host, and it was not tcp_mem. */
  not_memory: 256,
  /** It timed out before it was closed, and the peer had acknowledged all that was sent. */
  all_acked: 512,
  /** A reset ended it; our FIN had not left this host, though the window had room, and nothing was in flight. */
  unsent: 1024,
  /** Silent, and so many TIME_WAIT sockets were there as tcp_max_tw_buckets allows, its own one included. */
  tw_full: 2048,
  /** The same where tcp_max_tw_buckets is 0. */
  tw_none: 4096,
} as const;

export type Tick = Printed & {
  readonly kind: 'tick';
  readonly at: TraceNs;
  /** Every socket closed before this has been announced or counted by now. Null: not said. */
  readonly settled: TraceNs | null;
};

/** A CPU has nothing to say, and says so. */
export type Pulse = Printed & { readonly kind: 'pulse'; readonly at: TraceNs };

/** bpftrace said after `at` how far each CPU was. */
export type Progress = {
  readonly kind: 'progress';
  readonly at: TraceNs;
  /**
   * Pairs: the number of a CPU + 1, and the time of the newest line that it had printed, which may be later than `at`.
   * A CPU that is not here has printed none since the progress before.
   */
  readonly cpus: readonly number[];
};

export type Bye = { readonly kind: 'bye'; readonly at: TraceNs };

/** One orphan that /proc/net/tcp[6] of a namespace, or ss in it, listed right after attach. */
export type Inventoried = {
  readonly kind: 'inventoried';
  readonly at: TraceNs;
  readonly netns: number;
  readonly family: 'ipv4' | 'ipv6';
  readonly laddr: string;
  readonly lport: number;
  readonly raddr: string;
  readonly rport: number;
  readonly state: number;
  readonly retransmits: number;
  readonly txQueue: number;
  /**
   * Its pending timer: 0 none, 1 retransmission, 2 keepalive or FIN_WAIT2, 4 window probe. Then ms until it fires, to
   * 10 ms; ss tells it to a second from 10 s on, to a minute from 10 min on. Then window probes that were not answered.
   * Null in old recordings.
   */
  readonly timer: { readonly kind: number; readonly ms: number; readonly probesOut: number } | null;
};

/** An orphan of the baseline as sock_diag showed it at `at`. No event of it has come. Null is unknown. */
export type OrphanRead = Omit<Inventoried, 'kind' | 'timer'> & {
  readonly kind: 'orphan_read';
  readonly timer: NonNullable<Inventoried['timer']>;
  /** Decimal. */
  readonly cookie: string;
  readonly uid: number;
  /** Decimal. */
  readonly cgroupId: string | null;
  /** icsk_backoff: doublings that `rtoMs` does not contain while window probes are sent. */
  readonly backoff: number;
  /** icsk_rto. */
  readonly rtoMs: number;
  /** Segments in flight. */
  readonly packetsOut: number;
  /** Bytes that were never sent, the FIN included. */
  readonly notSent: number;
  /** The peer's receive window, bytes. */
  readonly sndWnd: number | null;
  readonly wmemQueued: number;
  readonly rmemAlloc: number;
  readonly forwardAlloc: number;
  /** Since data was last sent, and since an acknowledgement last came. */
  readonly lastSendMs: number;
  readonly lastAckMs: number;
  /** Those of its namespace. `rtoMaxMs` is 0 where the kernel has no such sysctl. */
  readonly sysctls: { readonly orphanRetries: number; readonly retries2: number; readonly rtoMaxMs: number } | null;
};

/** The inventory is complete. finwait could not ask `unreadable` namespaces. */
export type InventoryEnd = {
  readonly kind: 'inventory_end';
  readonly at: TraceNs;
  /** Time at which all probes were attached. */
  readonly attachedAt: TraceNs;
  readonly namespaces: number;
  readonly unreadable: number;
};

/** Figures of /proc/net/sockstat, and tcp_max_orphans. */
export type Sample = {
  readonly kind: 'sample';
  readonly at: TraceNs;
  readonly orphans: number;
  readonly limit: number;
  /** Null in early recordings, and where the kernel does not say. */
  readonly memory: TcpMemory | null;
};

/** Pages that all TCP sockets of the machine hold, and the three thresholds of net.ipv4.tcp_mem, in pages. */
export type TcpMemory = {
  readonly pages: number;
  readonly low: number;
  readonly pressure: number;
  readonly high: number;
};

/** Facts of the host: at the start, once a minute, and at the end. */
export type HostSeen = { readonly kind: 'host_facts'; readonly at: TraceNs; readonly facts: HostFacts };

/** Subjects of the kernel's log when it kills orphans: `orphans` too many orphaned sockets, `memory` out of memory. */
export type LoggedKind = 'orphans' | 'memory';

/** A line of the kernel's log, read at `at`. */
export type KernelLogged = {
  readonly kind: 'kernel_log';
  readonly at: TraceNs;
  /** Time at which it was logged: between the previous reading and this one. */
  readonly loggedAt: TraceNs;
  readonly about: LoggedKind;
  /** syslog's facility: 0 is the kernel itself; a process wrote anything else to /dev/kmsg. */
  readonly facility: number;
  readonly text: string;
};

/** Events that were dropped before they reached finwait, and where. */
export type Lost = { readonly kind: 'lost'; readonly at: TraceNs; readonly count: number; readonly where: string };

/** Something the user must know, in words. */
export type Notice = { readonly kind: 'notice'; readonly at: TraceNs; readonly text: string };

/** A line that is no event. It is counted and shown; nothing throws. */
export type Malformed = { readonly kind: 'malformed'; readonly line: string };

/** Everything that lines can hold. All but `hello` and `malformed` have a place in time. */
export type TimedEvent =
  | Announce
  | SetState
  | Retransmit
  | Look
  | Swept
  | Reset
  | Destroy
  | Tally
  | Ended
  | Tick
  | Pulse
  | Progress
  | Bye
  | Inventoried
  | OrphanRead
  | InventoryEnd
  | Sample
  | HostSeen
  | KernelLogged
  | Lost
  | Notice;

export type WireEvent = Hello | Malformed | TimedEvent;
