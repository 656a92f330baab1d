import { TCP } from '../kernel/tcp-state.ts';
import type { TraceNs } from '../kernel/units.ts';
import type { Evidence } from '../wire/evidence.ts';
import type { WaitingFor } from './close-path.ts';
import type { SockRecord } from './record.ts';

const ICSK_TIME_PROBE0 = 3;

/**
 * What a sock in `state` waits for.
 *
 * @param evidence - the newest there is; a closed window shows as nothing in flight and the probe timer pending
 * @see Linux net/ipv4/tcp_timer.c, tcp_probe_timer
 */
export const waitingIn = (state: number, evidence: Evidence): WaitingFor => waiting(state, isWindowClosed(evidence));

const waiting = (state: number, isWindow: boolean): WaitingFor => {
  switch (state) {
    case TCP.FIN_WAIT1:
    case TCP.CLOSING:
      return isWindow ? 'window' : 'ack';
    case TCP.LAST_ACK:
      return isWindow ? 'window' : 'last_ack';
    case TCP.FIN_WAIT2:
      return 'peer_fin';
    case TCP.CLOSE:
      return 'nothing';
    default:
      return 'unknown';
  }
};

/** A segment that cannot leave this host looks the same, but for a window that has room for it. */
const isWindowClosed = (evidence: Evidence): boolean =>
  evidence.packetsOut === 0 && isProbePending(evidence) && hasNoRoom(evidence);

/** Whether the peer's window has no room for what is queued and not sent. */
export const hasNoRoom = ({ writeSeq, sndNxt, sndWnd }: Evidence): boolean => sndWnd < (writeSeq - sndNxt) >>> 0;

/** The timer that was pending is that of window probes. */
export const isProbePending = ({ pending }: Evidence): boolean => pending === ICSK_TIME_PROBE0;

/** The window was shut already when tcp_close found it. */
export const isAfterWindowShut = ({ detail }: SockRecord): boolean => isWindowClosed(detail.evidence);

/**
 * Until when a shut window held it up: the whole time, or up to the first retransmission, which shows that something
 * was in flight. What shows a shut window is wiped when the sock ends: then unanswered probes tell, or that the window
 * was shut at the close.
 *
 * @returns -Infinity where no window was shut
 */
const windowUntil = ({ sock, detail, last }: SockRecord): number => {
  if (isWindowClosed(last) || (last.probesOut > 0 && hasNoRoom(last))) return Number.POSITIVE_INFINITY;
  if (!isWindowClosed(detail.evidence)) return Number.NEGATIVE_INFINITY;
  return sock.firstRetransmitAt ?? Number.POSITIVE_INFINITY;
};

/** First up to when the window was shut, then from there on. */
const BOTH = [true, false] as const;

/**
 * What the sock waited for longest between its close and `until`.
 *
 * @returns `unknown` where the close was not observed, `nothing` where it died inside tcp_close
 */
export const waitedFor = (record: SockRecord, until: TraceNs): WaitingFor => {
  const { sock, closedAt } = record;
  if (sock.lingering) return 'linger';
  if (closedAt === null) return sock.destroyedAt === null ? waitingIn(sock.state, record.last) : 'unknown';
  const { moves } = record;
  let state = moves.findLast((move) => move.at <= closedAt)?.to ?? record.closedIn ?? 0;
  let since: number = closedAt;
  let longest = 0;
  let answer: WaitingFor = 'nothing';
  const windowEnd = windowUntil(record);
  for (let i = 0; i <= moves.length; i++) {
    const move = moves[i];
    if (move !== undefined && move.at <= closedAt) continue;
    const end = move?.at ?? until;
    for (const isWindow of BOTH) {
      const waited = waiting(state, isWindow);
      const span = isWindow ? Math.min(end, windowEnd) - since : end - Math.max(since, windowEnd);
      if (span <= longest || waited === 'unknown') continue;
      longest = span;
      answer = waited;
    }
    if (move === undefined) break;
    state = move.to;
    since = move.at;
  }
  const lingered = sock.orphanAt === null ? 0 : sock.orphanAt - closedAt;
  if (lingered > 0 && lingered >= longest) return 'linger';
  return answer;
};
