import { peerEnd } from '../../text/endpoint.ts';
import { size } from '../../text/size.ts';
import { isProbing } from '../evidence/probe-bound.ts';
import type { Subject } from '../evidence/subject.ts';
import { isTimeout, sideOfTimeout, timedOut, unanswered } from '../evidence/timeout.ts';
import { hasNoRoom } from '../evidence/window.ts';
import {
  diedLingering,
  isAnswered,
  lingerBound,
  NOT_FIN_TIMEOUT,
  NOT_RETRIES2,
  shutWindowBound,
} from '../sentences/bounds.ts';
import { ANSWERED_BOUND, ANSWERED_RETRIES, NO_WMEM, SMALLER_SNDBUF, TIMEOUT_KNOWN_BY } from '../sentences/notes.ts';
import { lookForPath, lostOf, notReading } from '../sentences/peer.ts';
import { type EndingCause, NO, yes } from './cause.ts';

export const windowProbes: EndingCause<'window_probes'> = {
  name: 'window_probes',
  title: 'given up: window shut, probed in vain',
  meaning:
    "The peer's window was shut when it last spoke, window probes went out until their limit, and the kernel destroyed the socket without a reset; what was queued is lost.",
  looksLike: 'FIN_WAIT1 with a Send-Q that does not shrink and a `persist` timer, then gone after 100 to 350 s.',
  why: "The peer's application stopped reading before our data was through; then it stayed so, or the peer or the path to it went away. Each probe that the peer answers resets the count of unanswered ones, and not their interval: so an answering peer only makes it longer. When the last probes were not answered, nobody here can tell a dead path from a dead host: `side` is `unknown`, `network` where ICMP said so, and `peer` only where the peer answered to the end.",
  helps: [
    'Look at the application at the peer: it may not read. There, `ss -tnmp` shows a full Recv-Q and who holds the socket.',
    'Look for what drops packets as well: when the last probes stayed unanswered, the path or the peer may have gone. `ip route get PEER`, and tcpdump on both ends.',
    'Where the peer was silent, bound it with net.ipv4.tcp_orphan_retries, which counts unanswered window probes too, or TCP_USER_TIMEOUT for one application, set just before close().',
    ANSWERED_BOUND,
    SMALLER_SNDBUF,
  ],
  doesNotHelp: [
    ANSWERED_RETRIES,
    'net.ipv4.tcp_retries2 does not help: it bounds the probes of sockets that a process still holds, not of orphans; below 10 it keeps orphans whose probes are answered for ever.',
    'net.ipv4.tcp_fin_timeout does not help: the FIN had not even been sent.',
    NO_WMEM,
  ],
  howKnown:
    "X to CLOSE with ETIMEDOUT, no reset, no retransmission, `icsk_probes_out` (the unanswered probes) above 0 or a window shut at the close, and no room in the peer's window for what was unsent. Under TCP_USER_TIMEOUT, only if that time cannot have passed.",
  knownBy: TIMEOUT_KNOWN_BY,
  cites: 'tcp_probe_timer, tcp_write_err (net/ipv4/tcp_timer.c)',
  scenario: 'window_silent',
  side: 'unknown',
  isHarmless: false,
  /** @see Linux tcp_probe_timer */
  question: (facts) => {
    const { err, record } = facts;
    const { last, detail } = record;
    if (!isTimeout(facts) || !isProbing(record) || !hasNoRoom(last)) return NO;
    const inTime = detail.userTimeoutMs === 0 ? '' : `, before TCP_USER_TIMEOUT of ${detail.userTimeoutMs} ms was over`;
    if (last.probesOut === 0) {
      const because = 'window probes that were answered: their interval was at its maximum';
      return yes(`${timedOut(err, null)} after ${because}${inTime}`, { side: 'peer', ...sideOfTimeout(err, null) });
    }
    // A peer that does not answer may be gone, or the path to it.
    return yes(`${timedOut(err, null)} after ${unanswered(last.probesOut)}${inTime}`, sideOfTimeout(err, null));
  },
  advice: (path, where, bounds) => [
    ...(bounds.orphanRetries === 1 && path.probes === 1 && !diedLingering(path) ? [oneProbe(where)] : []),
    path.side === 'peer' ? notReading(path) : shutWindow(path),
    ...(path.side === 'peer' ? [] : [lookForPath(path, where)]),
    ...lostOf(path),
    ...(diedLingering(path)
      ? lingerBound(where)
      : [...shutWindowBound(path, where, bounds), NOT_FIN_TIMEOUT, ...(isAnswered(path) ? [] : [NOT_RETRIES2])]),
  ],
};

/** A peer leaves a probe unanswered that comes too soon. @see Linux net.ipv4.tcp_invalid_ratelimit */
const oneProbe = (where: string): string =>
  `net.ipv4.tcp_orphan_retries${where} is 1, so one unanswered probe ended it: a Linux peer that is there and reads slowly leaves one unanswered that comes within 500 ms of another. At 2 or more, or 0 (8), slow readers have all. The price: orphans of peers that are gone live longer.`;

/** For a window whose last probes stayed unanswered: the peer may be gone as well. */
const shutWindow = (path: Subject): string => {
  const held = path.held_bytes === null ? '' : ` It held ${size(path.held_bytes)} of memory here.`;
  return `The window of ${peerEnd(path)} was shut when it last spoke: if it is there, its application does not read, and ss -tnmp there names it.${held}`;
};
