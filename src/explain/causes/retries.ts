import { counted } from '../../text/count.ts';
import { peerEnd } from '../../text/endpoint.ts';
import { exactSize } from '../../text/size.ts';
import { droppedHere } from '../evidence/dropped-here.ts';
import { isTimeout, sideOfTimeout, timedOut, unreachableBy } from '../evidence/timeout.ts';
import { isUnreachable } from '../kernel/errno.ts';
import {
  diedLingering,
  lingerBound,
  NOT_FIN_TIMEOUT,
  NOT_RETRIES2,
  probeBound,
  retransmitBound,
} from '../sentences/bounds.ts';
import {
  CHANGED_KEY,
  MTU_BLACK_HOLE,
  NO_KEEPALIVE,
  PRICE,
  RETRIES_LIVES,
  RTO_MAX_BOUND,
  TIMEOUT_KNOWN_BY,
  USER_TIMEOUT_BOUND,
} from '../sentences/notes.ts';
import { afterRetransmits, dataOf, lookForPath, lookHere, lostOf, notReading } from '../sentences/peer.ts';
import { type EndingCause, NO, undecided, yes } from './cause.ts';

export const retries: EndingCause<'retries'> = {
  name: 'retries',
  title: 'given up: the peer never acknowledged our data or FIN',
  meaning:
    'The retransmission timer fired for as long as tcp_orphan_retries allows, then the kernel destroyed the socket, without a reset; bytes that were not acknowledged are lost.',
  looksLike:
    'In the trace: FIN_WAIT1 (or LAST_ACK), some retransmits, CLOSE after tens of seconds. `nstat -az TcpExtTCPAbortOnTimeout` grows.',
  why: 'The peer, or the way to it, is gone without a word: a host that crashed, a firewall or NAT that forgot the flow, a route that changed. tcp_orphan_retries of 0 means 8, and a socket whose RTO has reached its maximum gets none.',
  helps: [
    'Find where the path to the peer ends: `ip route get PEER`, and tcpdump on both ends; a firewall or NAT that forgot the flow and a host that went away are the common reasons.',
    MTU_BLACK_HOLE,
    CHANGED_KEY,
    `Bound it per namespace with net.ipv4.tcp_orphan_retries: ${RETRIES_LIVES}. ${PRICE}`,
    USER_TIMEOUT_BOUND,
    RTO_MAX_BOUND,
  ],
  doesNotHelp: [
    'net.ipv4.tcp_retries2 does not help: it bounds sockets that a process still holds, not orphans. Only one that died while its close() waited for SO_LINGER was bounded by it.',
    'net.ipv4.tcp_fin_timeout does not help: it bounds FIN_WAIT2 only.',
    NO_KEEPALIVE,
    'Raising net.ipv4.tcp_max_orphans ends no orphan sooner.',
  ],
  howKnown:
    "X to CLOSE with errno ETIMEDOUT (or the error an ICMP message left, `sk_err_soft`), neither reset received nor sent, `icsk_retransmits` above 0. An error that says unreachable is ICMP's where every retransmission left this host, and the loss of its own route where they did not (`side` `local`); else both are said. A last window of 0 with data in flight is the peer's (`side` `peer`).",
  knownBy: TIMEOUT_KNOWN_BY,
  cites: 'tcp_write_timeout, tcp_orphan_retries, tcp_write_err (net/ipv4/tcp_timer.c)',
  scenario: 'retries',
  side: 'unknown',
  isHarmless: false,
  /** @see Linux tcp_write_timeout, tcp_probe_timer */
  question: (facts) => {
    const { err, record } = facts;
    const { last } = record;
    if (!isTimeout(facts)) return NO;
    const by = unreachableBy(record);
    if (last.probesOut > 0) {
      return yes(
        `${timedOut(err, by)} after ${counted(last.probesOut, 'attempt')} that did not leave this host: the peer's window had room for ${exactSize(last.sndWnd)}`,
        { side: 'local' },
      );
    }
    if (last.icskRetransmits === 0) {
      return undecided(`${timedOut(err, by)}, but no retransmission and no probe was counted`);
    }
    const because = `${timedOut(err, by)} after ${counted(last.icskRetransmits, 'retransmission timeout')}: nothing that acknowledged it came`;
    if (droppedHere(record) === 'yes' && !isUnreachable(err)) {
      return yes(`${because}, and what these timeouts sent did not leave this host`, { side: 'local' });
    }
    // It takes back a window that data was already in flight for, and throws that data away.
    return last.sndWnd === 0 && last.sndNxt !== last.sndUna
      ? yes(`${because}; the peer was there, and the last window that it told was 0 (snd_wnd)`, {
          side: 'peer',
          ...sideOfTimeout(err, by),
        })
      : yes(because, sideOfTimeout(err, by));
  },
  advice: (path, where, bounds) => [
    `${peerEnd(path)} never acknowledged ${dataOf(path)}${afterRetransmits(path)}.`,
    ...lostOf(path),
    path.side === 'local' ? lookHere(path, where) : path.side === 'peer' ? notReading(path) : lookForPath(path, where),
    ...(diedLingering(path)
      ? lingerBound(where)
      : [
          (path.probes ?? 0) > 0 ? probeBound(where, bounds) : retransmitBound(where, bounds),
          NOT_FIN_TIMEOUT,
          NOT_RETRIES2,
        ]),
  ],
};
