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
export const waitingIn = (state: number, evidence: Evidence): WaitingFor => {
  switch (state) {
    case TCP.FIN_WAIT1:
    case TCP.CLOSING:
      return isWindowClosed(evidence) ? 'window' : 'ack';
    case TCP.LAST_ACK:
      return isWindowClosed(evidence) ? 'window' : 'last_ack';
    case TCP.FIN_WAIT2:
      return 'peer_fin';
    case TCP.CLOSE:
      return 'nothing';
    default:
      return 'unknown';
  }
};

const isWindowClosed = (evidence: Evidence): boolean =>
  evidence.packetsOut === 0 && evidence.pending === ICSK_TIME_PROBE0;

/**
 * What the sock waited for longest between its close and `until`.
 *
 * @returns `unknown` where the close was not observed, `nothing` where it died inside tcp_close
 */
export const waitedFor = (record: SockRecord, until: TraceNs): WaitingFor => {
  const { sock, closedAt } = record;
  if (sock.lingering) return 'linger';
  if (closedAt === null) return sock.destroyedAt === null ? waitingIn(sock.state, record.last) : 'unknown';
  let state = record.moves.findLast((move) => move.at <= closedAt)?.to ?? record.closedIn ?? 0;
  let since = closedAt;
  let longest = 0;
  let answer: WaitingFor = 'nothing';
  const close = (end: TraceNs): void => {
    const waiting = waitingIn(state, record.last);
    if (end - since > longest && waiting !== 'unknown') {
      longest = end - since;
      answer = waiting;
    }
  };
  for (const move of sock.moves) {
    close(move.at);
    state = move.to;
    since = move.at;
  }
  close(until);
  if (sock.orphanAt !== null && sock.orphanAt - closedAt > longest) return 'linger';
  return answer;
};
