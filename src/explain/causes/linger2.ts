import { TCP } from '../../kernel/tcp-state.ts';
import { type EndingCause, NO, yes } from './cause.ts';

export const linger2: EndingCause<'linger2'> = {
  name: 'linger2',
  title: 'TCP_LINGER2 below 0: reset instead of FIN_WAIT2',
  meaning:
    'The application set TCP_LINGER2 to a negative time: as soon as our FIN is acknowledged the connection is reset rather than kept in FIN_WAIT2.',
  looksLike:
    'FIN_WAIT1, FIN_WAIT2 for an instant, CLOSE, and a RST to the peer. `nstat -az TcpExtTCPAbortOnLinger` counts a close in FIN_WAIT2 alone; a reset that comes later counts as `TcpExtTCPAbortOnData`.',
  why: 'TCP_LINGER2 below 0 says: no FIN_WAIT2. The kernel resets the connection when our FIN is acknowledged, or at the close if it is in FIN_WAIT2 already.',
  helps: [
    "Nothing, if it is meant so. Otherwise set TCP_LINGER2 to 0, which is the namespace's tcp_fin_timeout, or to up to 120 s.",
  ],
  doesNotHelp: [
    'net.ipv4.tcp_fin_timeout does not help: a socket with TCP_LINGER2 does not ask for it.',
    'SO_LINGER does not help: it is another option, and does not take TCP_LINGER2 back.',
  ],
  howKnown:
    'A reset with reason TCP_ABORT_ON_LINGER, or, where the kernel gives no reasons, `linger2` below 0 and a reset from FIN_WAIT2.',
  knownBy: 'TCP_LINGER2 < 0: reset instead of FIN_WAIT2',
  cites: '__tcp_close, tcp_rcv_state_process (net/ipv4/tcp.c, tcp_input.c)',
  scenario: 'linger2_at_close',
  side: 'local',
  isHarmless: false,
  /** @see Linux __tcp_close, tcp_rcv_state_process (TCPAbortOnLinger) */
  question: ({ phase, from, sentReasons, record }) => {
    if (phase !== 'after_close') return NO;
    const isNegative = record.detail.linger2 < 0;
    return sentReasons.includes('TCP_ABORT_ON_LINGER') || (isNegative && from === TCP.FIN_WAIT2)
      ? yes('TCP_LINGER2 < 0: reset instead of FIN_WAIT2')
      : NO;
  },
  fastDeath: ({ phase, from, err, isLinger2Negative }) =>
    isLinger2Negative && (phase === 'in_close' || (phase === 'after_close' && err === 0 && from === TCP.FIN_WAIT2))
      ? 'local'
      : null,
  advice: () => [
    'If that is not meant, set TCP_LINGER2 to 0 or more in the application.',
    'net.ipv4.tcp_fin_timeout would not help: a socket with TCP_LINGER2 does not ask for it.',
  ],
};
