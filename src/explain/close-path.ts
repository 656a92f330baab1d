import type { TcpState } from '../kernel/tcp-state.ts';
import type { ENDINGS, WAITS } from './causes/order.ts';
import type { How, Side } from './evidence/subject.ts';

export type { How, Side };

/** Words of `waiting_for`: those in the list of causes, and `unknown` where the evidence does not decide. */
export type WaitingFor = (typeof WAITS)[number]['name'] | 'unknown';
/** Words of `ended_by`: those in the same list, and `unknown`. */
export type EndedBy = (typeof ENDINGS)[number]['name'] | 'unknown';

export type Closer = {
  readonly pid: number;
  readonly comm: string;
  readonly exiting: boolean;
  /** Null while the process was not exiting. */
  readonly exit_signal: number | null;
  readonly exit_status: number | null;
};

export type Step = {
  /** Microseconds since `closed_at`; negative before it. */
  readonly at_us: number;
  readonly from: TcpState;
  readonly to: TcpState;
  readonly by: 'process' | 'softirq';
};

/** The reason why a socket is dying, or has died: the way it ended, or the thing it waits for while it has not. */
export type Cause = Exclude<EndedBy, 'unknown'> | Exclude<WaitingFor, 'nothing' | 'unknown'> | 'unknown';

/**
 * One socket's way from tcp_close to destroy: the `close_path` of the contract, field for field.
 * 64-bit values are strings; unknown is null, never 0 or "".
 */
export type ClosePath = {
  readonly type: 'close_path';
  /** Null for an orphan known from /proc alone. */
  readonly sk: string | null;
  readonly generation: number;
  readonly cookie: string | null;
  readonly netns: number;
  readonly family: 'ipv4' | 'ipv6';
  /** Null where tcp_disconnect had cleared it before finwait saw the socket. */
  readonly laddr: string | null;
  readonly lport: number;
  readonly raddr: string;
  /** 0 where it had no peer; null where tcp_disconnect had cleared it. */
  readonly rport: number | null;
  readonly uid: number | null;
  readonly cgroup_id: string | null;
  readonly closer: Closer | null;
  readonly closed_at: string | null;
  readonly closed_in: TcpState | null;
  /** The state in the newest event about it; null where that is unknown. */
  readonly state: TcpState | null;
  readonly how: How;
  /**
   * The end of the connection that closed first; `both` means at once. Null where that was not seen, or where neither
   * closed.
   */
  readonly closed_first: 'local' | 'peer' | 'both' | null;
  readonly path: readonly Step[];
  readonly orphan_us: number | null;
  readonly dying_us: number | null;
  /** A lower bound of `dying_us`, and the same where that is known: it was dying when the capture began. */
  readonly dying_at_least_us: number | null;
  readonly unread_bytes: number | null;
  readonly unacked_bytes: number | null;
  readonly unsent_bytes: number | null;
  readonly held_bytes: number | null;
  readonly lost_bytes: number | null;
  readonly retransmits: number;
  /** Unanswered window probes, by the newest evidence (icsk_probes_out). */
  readonly probes: number | null;
  readonly waiting_for: WaitingFor;
  readonly ended_by: EndedBy | null;
  readonly side: Side;
  readonly because: readonly string[];
  readonly advice: readonly string[];
  readonly certain: boolean;
  readonly gaps: readonly string[];
};

/**
 * The contract's `dying`: a socket that still is dying. It has the fields of `close_path`, `ended_by` null, and a
 * deadline.
 */
export type Dying = Omit<ClosePath, 'type'> & {
  readonly type: 'dying';
  /**
   * Time at which the newest evidence was known to hold, RFC 3339. Everything said about the socket is as old as this.
   */
  readonly refreshed_at: string;
  /** Kernel memory that it holds by that evidence; `held_bytes` is from its close. Null where it is unknown. */
  readonly held_now_bytes: number | null;
  /**
   * `at`: at `deadline_at`; `never`: the kernel does not give up on it; `unknown`: `deadline_because` names what is
   * missing.
   */
  readonly deadline: 'at' | 'never' | 'unknown';
  /**
   * Time at which the kernel gives up on it if nothing more comes from the peer, RFC 3339. It may be up to 13 % later,
   * or more if ICMP said unreachable. It is earlier only at `deadline_if_late_at`.
   */
  readonly deadline_at: string | null;
  /** `deadline_at` with the delay that the kernel's timer wheel will add. */
  readonly deadline_expected_at: string | null;
  /** The deadline if the peer goes on answering window probes, as it did when last observed; null for other sockets. */
  readonly deadline_if_answered_at: string | null;
  /**
   * An earlier tick that ends it if the timers are overdue by up to 250 ms, as on a busy CPU; null where no tick does.
   */
  readonly deadline_if_late_at: string | null;
  /** Data that the peer acknowledged per second, over the time in `delivered_over_us`; null for one that delivers nothing. */
  readonly delivered_bytes_per_second: number | null;
  readonly delivered_over_us: number | null;
  /** An estimate: the time at which all its data is acknowledged if it stays at that rate, RFC 3339. Null, too, if that has passed. */
  readonly delivered_expected_at: string | null;
  /** Time at which its next timer fires; null where none is pending or known. */
  readonly next_timer_at: string | null;
  /** The rule that ends it, the reason why none does, or the missing facts. */
  readonly deadline_because: readonly string[];
};
