import { boundOfProbes, isProbing } from '../evidence/probe-bound.ts';
import { isTimeout, sideOfTimeout, timedOut, unanswered, unreachableBy } from '../evidence/timeout.ts';
import { TIMEOUT_KNOWN_BY } from '../sentences/notes.ts';
import { afterRetransmits, lookForPath, lostOf } from '../sentences/peer.ts';
import { type EndingCause, NO, yes } from './cause.ts';

export const userTimeout: EndingCause<'user_timeout'> = {
  name: 'user_timeout',
  title: "given up: the application's TCP_USER_TIMEOUT was over",
  meaning:
    'The application had set TCP_USER_TIMEOUT, which bounds an orphan too: of retransmissions in place of tcp_orphan_retries, so that its life can be shorter or longer; of window probes beside it, so that it can only be shorter.',
  looksLike: 'As `retries` or `window_probes`, but after about the time the application set.',
  why: "TCP_USER_TIMEOUT is the application's own bound on unacknowledged data; it stays with the socket when the process has gone. tcp_write_timeout asks it instead of tcp_orphan_retries; tcp_probe_timer, under a shut window, asks both, and the first that is over ends the socket.",
  helps: [
    'Change TCP_USER_TIMEOUT in the application: an orphan lives for about its RTO more than that time.',
    'Find why the peer did not acknowledge within that time: `ss -tino dst PEER`, and tcpdump on both ends.',
  ],
  doesNotHelp: [
    'net.ipv4.tcp_orphan_retries has no effect on the retransmissions of a socket with TCP_USER_TIMEOUT; under a shut window a lower one ends it sooner, a higher one not later.',
    'net.ipv4.tcp_retries2 and net.ipv4.tcp_fin_timeout do not help: neither is asked here.',
  ],
  howKnown:
    'X to CLOSE with ETIMEDOUT, no reset, and `icsk_user_timeout` above 0. Where the probe timer ran, only if that time may have passed since its first tick; and it is not certain where the unanswered probes had also reached `tcp_orphan_retries`. Where it cannot have passed, the cause is `window_probes`.',
  knownBy: TIMEOUT_KNOWN_BY,
  cites: 'retransmits_timed_out, tcp_write_timeout, tcp_probe_timer (net/ipv4/tcp_timer.c)',
  scenario: 'user_timeout',
  side: 'unknown',
  isHarmless: false,
  /** @see Linux retransmits_timed_out, tcp_probe_timer (icsk_user_timeout) */
  question: (facts) => {
    const { err, record } = facts;
    if (!isTimeout(facts) || record.detail.userTimeoutMs === 0) return NO;
    const maker = unreachableBy(record);
    const side = sideOfTimeout(err, maker);
    const because = `${timedOut(err, maker)} under TCP_USER_TIMEOUT of ${record.detail.userTimeoutMs} ms`;
    // For retransmissions the user timeout replaces tcp_orphan_retries. For window probes both apply, and the first one
    // to expire ends the sock.
    if (!isProbing(record)) return yes(because, side);
    const { by, probes, limit, sysctl } = boundOfProbes(record);
    if (by === 'window_probes') return NO;
    if (by === 'user_timeout') {
      return yes(`${because}, after ${unanswered(probes)}: fewer than ${sysctl} allows, ${limit}`, side);
    }
    return yes(
      `${because}, or after ${unanswered(probes)}, as many as ${sysctl} allows (window_probes): either may have been over first`,
      { ...side, certain: false },
    );
  },
  advice: (path, where) => [
    `The application's TCP_USER_TIMEOUT ended it${afterRetransmits(path)}: change it there.`,
    ...lostOf(path),
    lookForPath(path, where),
    path.waiting_for === 'window'
      ? 'Raising net.ipv4.tcp_orphan_retries would not help: of window probes both are asked, and this was over first.'
      : 'net.ipv4.tcp_orphan_retries would not help: of retransmissions TCP_USER_TIMEOUT replaces it.',
  ],
};
