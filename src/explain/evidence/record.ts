import { TCP } from '../../kernel/tcp-state.ts';
import type { TraceNs } from '../../kernel/units.ts';
import { traceNs } from '../../kernel/units.ts';
import { isFollowed, type ObservedMove, type Sock, stateAfter } from '../../lifecycle/sock.ts';
import type { Hello } from '../../wire/event.ts';
import { VIA } from '../../wire/event.ts';
import {
  type AnnounceDetail,
  type Evidence,
  type Move,
  parseAnnounce,
  parseEvidence,
  stateOf,
} from '../../wire/evidence.ts';

/** A sock's life in the form that the causes' questions need: its announcement parsed, its transitions in one list. */
export type SockRecord = {
  readonly sock: Sock;
  readonly detail: AnnounceDetail;
  /** The newest evidence: from the announcement, until an S or R line brings more. */
  readonly last: Evidence;
  readonly moves: readonly ObservedMove[];
  /** Time at which tcp_close found it; null where no close was observed. */
  readonly closedAt: TraceNs | null;
  /** State in which tcp_close found it; null where no close was observed. */
  readonly closedIn: number | null;
  /** If false, the sock may have gone since its newest evidence without a trace. */
  readonly isFollowed: boolean;
  /** errno of the transition into CLOSE; 0 for none. */
  readonly err: number;
};

export const recordOf = (sock: Sock, hello: Hello): SockRecord => {
  const detail = parseAnnounce(sock.announce.line);
  const last = sock.latest === null ? detail.evidence : parseEvidence(sock.latest);
  const via = sock.announce.via;
  const isInferred = via === VIA.repeated || via === VIA.last_fput;
  const closing = isInferred ? closingMove(detail) : undefined;
  // Allocated at its full length: a growing array gets room for 16 more elements.
  const moves = new Array<ObservedMove>(detail.moves.length + sock.moves.length);
  let count = 0;
  for (const move of detail.moves) {
    const { from, to, own } = move;
    moves[count++] = { at: move === closing ? sock.closedAt : sinceHello(move.bootUs, hello), from, to, own };
  }
  for (const move of sock.moves) moves[count++] = move;
  const isClose = isInferred || via === VIA.hook || (via === VIA.destroy && closedByTask(sock.announce.context));
  const closedIn = isClose ? (detail.deferred?.closedIn ?? closing?.from ?? stateOf(sock.announce.context)) : null;
  const wasInClose = via === VIA.destroy || closedIn === TCP.CLOSE;
  const intoClose = sock.moves.length === 0 ? (detail.moves.at(-1)?.err ?? 0) : last.err;
  return {
    sock,
    detail,
    last,
    moves,
    closedAt: isClose ? sock.closedAt : null,
    closedIn,
    isFollowed: isFollowed(sock),
    // If the sock was in CLOSE before, tcp_disconnect may have set the sk_err that the destroy saw.
    err: intoClose === 0 && sock.state === TCP.CLOSE && !wasInClose ? sock.destroyErr : intoClose,
  };
};

/**
 * The remembered transition that tcp_close made: the last one. In a deferred announcement it is the one of that
 * microsecond.
 */
const closingMove = ({ deferred, moves }: AnnounceDetail): Move | undefined =>
  deferred === null ? moves.at(-1) : moves.find(({ bootUs }) => bootUs === Math.floor(deferred.closedBootNs / 1000));

/** States of an ending connection. The probe remembers the transition into each. */
const ENDING: ReadonlySet<number> = new Set([TCP.FIN_WAIT1, TCP.FIN_WAIT2, TCP.CLOSE_WAIT, TCP.LAST_ACK, TCP.CLOSING]);
/** Number of transitions that an announcement holds. */
const REMEMBERED = 3;

/**
 * True if a transition from before the announcement is missing: the kernel skipped the probe, or it came before the
 * capture. The remembered ones must lead from a living connection to the state of the announcement. A sock in CLOSE
 * with sequence numbers had a connection or tried to have one, so it has moved: tcp_disconnect leaves write_seq above
 * 0.
 */
export const isEarlyMoveMissed = ({ sock, detail }: SockRecord): boolean => {
  const state = stateAfter(sock.announce);
  const first = detail.moves[0];
  const last = detail.moves.at(-1);
  if (first === undefined || last === undefined) {
    return ENDING.has(state) || (state === TCP.CLOSE && detail.evidence.writeSeq !== 0);
  }
  if (last.to !== state) return true;
  return detail.moves.length < REMEMBERED && (ENDING.has(first.from) || first.from === TCP.CLOSE);
};

/**
 * __tcp_close calls inet_csk_destroy_sock with the socket locked by a task. A forgotten child is destroyed without that
 * lock.
 */
const closedByTask = (context: number): boolean => (context & 1) !== 0;

const sinceHello = (bootUs: number, hello: Hello): TraceNs =>
  traceNs((bootUs - hello.bootSec * 1e6) * 1000 - hello.bootNsec);
