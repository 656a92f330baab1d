import { TCP } from '../../kernel/tcp-state.ts';
import { SOCK } from '../../wire/evidence.ts';
import { unreadBytes } from '../evidence/sequence.ts';
import { RESET_AT_CLOSE_KNOWN_BY } from '../sentences/notes.ts';
import { lostOf } from '../sentences/peer.ts';
import { type EndingCause, NO, yes } from './cause.ts';

export const lingerZero: EndingCause<'linger_zero'> = {
  name: 'linger_zero',
  title: 'SO_LINGER with 0 s: close() reset it',
  meaning:
    'The application asked for a reset instead of a FIN: what was not acknowledged is thrown away and the peer sees ECONNRESET. It never becomes an orphan with a lifetime.',
  looksLike: 'ESTABLISHED to CLOSE inside close(), a RST to the peer, no FIN; `nstat -az TcpExtTCPAbortOnData` grows.',
  why: 'SO_LINGER with l_onoff 1 and l_linger 0 asks for it; some load generators and proxies do so to avoid TIME_WAIT.',
  helps: [
    'Nothing, if it is meant so. Otherwise take SO_LINGER {1, 0} out of the application: a plain close() does not block.',
  ],
  doesNotHelp: [
    'No sysctl changes it; net.ipv4.tcp_fin_timeout and net.ipv4.tcp_orphan_retries bound a FIN that is never sent here.',
    'As a cure for TIME_WAIT it costs data: use it only where the peer has all it needs.',
  ],
  howKnown: 'tcp_close itself moved it into CLOSE, with the LINGER flag set, a linger time of 0 and nothing unread.',
  knownBy: RESET_AT_CLOSE_KNOWN_BY,
  cites: '__tcp_close, tcp_disconnect (net/ipv4/tcp.c); counted as TCPAbortOnData',
  scenario: 'linger_zero',
  side: 'local',
  isHarmless: false,
  isResetAtOnce: true,
  /** @see Linux __tcp_close, tcp_disconnect (TCPAbortOnData) */
  question: ({ phase, from, record }) => {
    if (phase !== 'in_close' || from === TCP.SYN_SENT || from === TCP.LISTEN) return NO;
    const isLingering = (record.sock.announce.flags & SOCK.LINGER) !== 0;
    return isLingering && record.detail.lingerTime === 0 && unreadBytes(record) === 0
      ? yes('SO_LINGER with 0 s: tcp_close resets (TCPAbortOnData)')
      : NO;
  },
  fastDeath: ({ phase, isLingerZero }) => (phase === 'in_close' && isLingerZero ? 'local' : null),
  advice: (path) => [
    'If that is not meant, take SO_LINGER {1, 0} out of the application: a plain close() does not block.',
    ...lostOf(path),
    'No sysctl changes it.',
  ],
};
