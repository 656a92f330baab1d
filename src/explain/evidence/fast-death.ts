import { TCP } from '../../kernel/tcp-state.ts';
import { TALLY, type Tally, VIA } from '../../wire/event.ts';
import { ERRNO } from '../kernel/errno.ts';
import type { Facts } from './facts.ts';

/**
 * A class of fast deaths: sockets that died before they were announced, and were only counted. It tells less than the
 * facts about a single socket.
 */
export type FastDeath = {
  readonly phase: 'in_close' | 'before_close' | 'after_close';
  /** The state they left for CLOSE; 0 where no transition into CLOSE was observed. */
  readonly from: number;
  readonly err: number;
  /** The error alone says how they ended: nothing else in the record could have set it. */
  readonly isByError: boolean;
  /** Children that no task ever had. */
  readonly isUnaccepted: boolean;
  /** The kernel sent a reset by its own decision. */
  readonly sentReset: boolean;
  /** The peer's FIN had come (SOCK_DONE). */
  readonly isDone: boolean;
  readonly hasUnread: boolean;
  /** SO_LINGER with 0 s. */
  readonly isLingerZero: boolean;
  /** TCP_LINGER2 was negative. */
  readonly isLinger2Negative: boolean;
  /** The peer had acknowledged all that was sent. False also where the probes did not look. */
  readonly isAllAcked: boolean;
  /** Our FIN had not left this host, though the window had room, and nothing was in flight. Asked only where a reset came. */
  readonly isUnsent: boolean;
  /** A minisock can have taken over. @see facts.ts */
  readonly minisock: Facts['minisock'];
};

export const fastDeathOf = ({ via, closedIn, lastFrom, err, reset, marks }: Tally): FastDeath => {
  const has = (mark: number): boolean => (marks & mark) !== 0;
  const phase = has(TALLY.in_close)
    ? 'in_close'
    : via === VIA.destroy || closedIn === TCP.CLOSE
      ? 'before_close'
      : 'after_close';
  const from = phase === 'in_close' ? closedIn : lastFrom;
  const sentReset = reset !== 0;
  const isUnaccepted = via === VIA.destroy && !has(TALLY.own);
  return {
    phase,
    from,
    err,
    isByError:
      err !== 0 && phase !== 'in_close' && (phase === 'after_close' || isErrorOfItsOwn(from, isUnaccepted, sentReset)),
    isUnaccepted,
    sentReset,
    isDone: has(TALLY.done),
    hasUnread: has(TALLY.unread),
    isLingerZero: has(TALLY.linger_zero),
    isLinger2Negative: has(TALLY.linger2),
    isAllAcked: has(TALLY.all_acked),
    isUnsent: has(TALLY.unsent),
    minisock: has(TALLY.tw_none) ? 'no' : has(TALLY.tw_full) ? 'perhaps' : 'yes',
  };
};

/**
 * True if the cause of the end also set the error of a socket that was in CLOSE before its close. A closing listener
 * disconnects its children: the kernel sends a reset, and sets sk_err as if one had come.
 */
const isErrorOfItsOwn = (from: number, isUnaccepted: boolean, sentReset: boolean): boolean =>
  from !== 0 && (isUnaccepted ? !sentReset : from !== TCP.LISTEN && from !== TCP.SYN_SENT);

/**
 * True if the error is one that a reset by the peer leaves on a connection.
 *
 * @see Linux net/ipv4/tcp_input.c, tcp_reset
 */
export const isErrorOfReset = (err: number): boolean => err === ERRNO.ECONNRESET || err === ERRNO.EPIPE;

/** The states out of which a minisock takes over. */
export const HANDS_OVER: ReadonlySet<number> = new Set([TCP.FIN_WAIT2, TCP.CLOSING]);

/** True if a minisock was to take over. @see Linux tcp_time_wait */
export const isHandover = ({ phase, from, err, sentReset, isLinger2Negative }: FastDeath): boolean =>
  phase === 'after_close' && HANDS_OVER.has(from) && err === 0 && !sentReset && !isLinger2Negative;
