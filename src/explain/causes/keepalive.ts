import { TCP } from '../../kernel/tcp-state.ts';
import { isAllAcked } from '../evidence/sequence.ts';
import { sideOfTimeout, timedOut } from '../evidence/timeout.ts';
import { isTupleCleared } from '../evidence/tuple.ts';
import { ERRNO, isUnreachable } from '../kernel/errno.ts';
import { lookForPath } from '../sentences/peer.ts';
import { type EndingCause, NO, undecided, yes } from './cause.ts';

/** States in which a process holds a connection, has nothing in flight, and keepalive asks whether the peer is there. */
const HELD: ReadonlySet<number> = new Set([TCP.ESTABLISHED, TCP.FIN_WAIT2, TCP.CLOSE_WAIT]);

export const keepalive: EndingCause<'keepalive'> = {
  name: 'keepalive',
  title: 'no answer to keepalive, while a process held it',
  meaning:
    'The peer answered none of the keepalive probes, so the kernel ended the connection while a process still held the socket; the close came later, found it in CLOSE and had nothing left to do.',
  looksLike:
    'ESTAB, FIN-WAIT-2 or CLOSE-WAIT with `timer:(keepalive,…)` and a process, then nothing; the process reads ETIMEDOUT. `nstat -az TcpExtTCPAbortOnTimeout TcpExtTCPKeepAlive` grow.',
  why: 'The peer, or the way to it, is gone without a word, and nothing was in flight that could have shown it: a host that crashed, a firewall or NAT that forgot an idle flow. After shutdown(SHUT_WR) the socket waits in FIN_WAIT2 for the FIN of the peer; tcp_fin_timeout does not bound that wait while a process holds the socket, keepalive does.',
  helps: [
    'Find where the path to the peer ends: `ip route get PEER`, and tcpdump on both ends.',
    'Where a firewall or NAT forgets idle flows, let the probes come before it does: TCP_KEEPIDLE below its idle timeout, or net.ipv4.tcp_keepalive_time for all sockets with SO_KEEPALIVE.',
    'Let the application close the socket as soon as poll() says POLLHUP or POLLERR, or read() fails with ETIMEDOUT: until then it holds a file descriptor for nothing.',
    'With the default settings keepalive takes more than two hours: give a half-closed connection a timeout of its own in the application, from shutdown(SHUT_WR) on.',
  ],
  doesNotHelp: [
    'net.ipv4.tcp_orphan_retries and net.ipv4.tcp_fin_timeout do not help: they bound orphans, and here a process held the socket.',
    'net.ipv4.tcp_retries2 does not help: nothing was in flight that could be sent again.',
  ],
  howKnown:
    "ESTABLISHED, FIN_WAIT2 or CLOSE_WAIT to CLOSE in a timer's context (no task owned the lock), before the close, with ETIMEDOUT or the error that an ICMP message had left (`sk_err_soft`); and nothing in flight: our FIN was acknowledged (FIN_WAIT2), or write_seq = snd_una, or nobody had accepted it. With data in flight, retransmissions or window probes ended it, and the cause is `unknown`.",
  knownBy:
    'a timer moved it to CLOSE with ETIMEDOUT (or an error that says unreachable) while a process held it, or before it was accepted, and nothing was in flight; the close found CLOSE',
  cites: 'tcp_keepalive_timer, tcp_write_err (net/ipv4/tcp_timer.c)',
  scenario: 'keepalive_before_close',
  side: 'unknown',
  isHarmless: false,
  /** @see Linux tcp_keepalive_timer: with data in flight or queued it only starts again */
  question: (facts) => {
    const { phase, from, own, err, isClosed, isUnaccepted, record } = facts;
    const { last, detail } = record;
    if (phase !== 'before_close' || own || !HELD.has(from) || !(isClosed || isUnaccepted)) return NO;
    if (err !== ERRNO.ETIMEDOUT && (err === 0 || err !== last.errSoft)) return NO;
    const side = sideOfTimeout(err, null);
    if (isUnaccepted) return yes(`keepalive had ended it before it was accepted: it ${timedOut(err, null)}`, side);
    // Into FIN_WAIT2 comes a sock whose data and FIN are acknowledged.
    if (from !== TCP.FIN_WAIT2 && !isAllAcked(last)) {
      // A connect(AF_UNSPEC) since then has changed write_seq.
      return isTupleCleared(record)
        ? undecided(`it ${timedOut(err, null)} before the close; whether anything was in flight is not known`)
        : undecided(
            `it ${timedOut(err, null)} before the close, with data in flight: keepalive does not end such a socket`,
          );
    }
    const bound = detail.userTimeoutMs === 0 ? '' : ` under TCP_USER_TIMEOUT of ${detail.userTimeoutMs} ms`;
    return yes(
      `keepalive had ended it before the close, with nothing in flight: it ${timedOut(err, null)}${bound}`,
      side,
    );
  },
  // FIN_WAIT2 alone shows that nothing was in flight. No child that nobody accepted has sent anything.
  fastDeath: ({ phase, from, err, isUnaccepted, isAllAcked }) => {
    if (phase !== 'before_close' || !HELD.has(from)) return null;
    if (err !== ERRNO.ETIMEDOUT && !isUnreachable(err)) return null;
    if (from !== TCP.FIN_WAIT2 && !isUnaccepted && !isAllAcked) return null;
    return sideOfTimeout(err, null).side ?? 'unknown';
  },
  advice: (path, where) => [
    lookForPath(path, where),
    ...(path.how === 'listener'
      ? []
      : ['Let this application close the socket when poll() says POLLHUP or read() fails with ETIMEDOUT.']),
    'net.ipv4.tcp_orphan_retries and net.ipv4.tcp_fin_timeout would not help: it was no orphan.',
  ],
};
