import { TCP } from '../../kernel/tcp-state.ts';
import { isSilent } from '../evidence/facts.ts';
import { HANDS_OVER, isHandover } from '../evidence/fast-death.ts';
import { isAllAcked } from '../evidence/sequence.ts';
import { type EndingCause, NO, yes } from './cause.ts';

export const timeWaitOverflow: EndingCause<'time_wait_overflow'> = {
  name: 'time_wait_overflow',
  title: 'no TIME_WAIT minisock was made: tcp_max_tw_buckets',
  meaning:
    'The kernel was to hand the socket to a minisock, and tcp_max_tw_buckets allowed no more of them: the connection was forgotten at once, so whatever still comes from the peer, its FIN too, is answered with a reset.',
  looksLike:
    'Neither FIN-WAIT-2 nor TIME-WAIT is left; `nstat -az TcpExtTCPTimeWaitOverflow` grows. Where the peer had not closed, it is reset when it does.',
  why: 'Each namespace has as many TIME_WAIT minisocks as net.ipv4.tcp_max_tw_buckets; a host that closes many short connections keeps each for 60 s.',
  helps: [
    "Raise net.ipv4.tcp_max_tw_buckets in the socket's network namespace. Each minisock takes some 250 bytes of kernel memory for up to 60 s.",
    'Let the side close first that can afford the minisocks, or keep connections open and use them again.',
  ],
  doesNotHelp: [
    'Raising net.ipv4.tcp_max_orphans does not help: minisocks do not count against it.',
    'net.ipv4.tcp_tw_reuse does not help: it lets new connections of this host take the ports of minisocks, and makes no place for another.',
  ],
  howKnown:
    'FIN_WAIT2 or CLOSING to CLOSE without an error and without a reset, as where a minisock takes over, with net.ipv4.tcp_max_tw_buckets of its namespace at 0 (tcp_death_row, read at the destroy). Where it is above 0 and reached, a minisock may have taken the last place, and the cause is `unknown`, `side` `limit`. Linux 6.1 and later.',
  knownBy:
    'FIN_WAIT2 or CLOSING to CLOSE without error or reset, and tcp_max_tw_buckets is 0; where it is above 0 and reached, `unknown`, side `limit`: a minisock may have had the last place (Linux 6.1 and later)',
  cites: 'inet_twsk_alloc (net/ipv4/inet_timewait_sock.c), tcp_time_wait (net/ipv4/tcp_minisocks.c)',
  scenario: 'time_wait_overflow',
  side: 'limit',
  isHarmless: false,
  /** @see Linux inet_twsk_alloc */
  question: (facts) => {
    const { phase, from, record, minisock } = facts;
    if (phase !== 'after_close' || minisock !== 'no' || !HANDS_OVER.has(from) || !isSilent(facts)) return NO;
    if (from === TCP.CLOSING && !isAllAcked(record.last)) return NO;
    return yes(
      'no minisock took over: net.ipv4.tcp_max_tw_buckets of its namespace is 0 (TCPTimeWaitOverflow); the connection was forgotten',
    );
  },
  fastDeath: (death) => (death.minisock === 'no' && isHandover(death) ? 'limit' : null),
  advice: (_path, where) => [
    `Raise net.ipv4.tcp_max_tw_buckets${where}: nstat -az TcpExtTCPTimeWaitOverflow counts such ends.`,
    'Raising net.ipv4.tcp_max_orphans would not help: minisocks do not count against it.',
  ],
};
