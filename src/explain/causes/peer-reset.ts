import { TCP } from '../../kernel/tcp-state.ts';
import { counted } from '../../text/count.ts';
import { peerEnd } from '../../text/endpoint.ts';
import { isErrorOfReset } from '../evidence/fast-death.ts';
import { isFinUnsent } from '../evidence/sequence.ts';
import { ERRNO } from '../kernel/errno.ts';
import { lostOf } from '../sentences/peer.ts';
import { type EndingCause, NO, undecided, yes } from './cause.ts';

/** States of a connection after shutdown(): SHUT_WR or SHUT_RDWR. */
const SHUT_DOWN: ReadonlySet<number> = new Set([TCP.FIN_WAIT1, TCP.FIN_WAIT2]);

export const peerReset: EndingCause<'peer_reset'> = {
  name: 'peer_reset',
  title: 'the peer reset the connection',
  meaning:
    "A reset arrived that fits the connection; what the peer had not acknowledged by then is lost. A host on the way can send it in the peer's name.",
  looksLike:
    "A RST from the peer's address; the path ends in CLOSE at once. The application had closed already and sees nothing.",
  why: "The peer's process ended or closed with our data unread, its host forgot the connection, or a middlebox cut it: a firewall, or a NAT that had forgotten the flow. Then the peer's application may be innocent.",
  helps: [
    'Look at the peer at that time: its process ended, or closed with our data unread (there: `nstat -az TcpExtTCPAbortOnClose TcpExtTCPAbortOnData`), or its host forgot the connection.',
    "Compare the reset's TTL with that of the peer's data, to tell a middlebox's: `tcpdump -nvi any 'host PEER and tcp[tcpflags] & tcp-rst != 0'`, over IPv6 `tcpdump -nvi any 'host PEER and ip6 proto 6 and ip6[13+40] & 4 != 0'`.",
    "If no RST is on the wire, this host's own firewall made it: `nft list ruleset | grep 'reject with tcp reset'`, `iptables-save | grep tcp-reset`.",
  ],
  doesNotHelp: [
    'net.ipv4.tcp_abort_on_overflow on this host does not help: it says what a full accept queue here answers.',
    'net.ipv4.tcp_orphan_retries and net.ipv4.tcp_fin_timeout have no part in it: no timer ended it.',
  ],
  howKnown:
    'tcp:tcp_receive_reset, then CLOSE with ECONNRESET, EPIPE (from CLOSE_WAIT) or ECONNREFUSED (from SYN_SENT), and no reset of ours that answers a segment.',
  knownBy:
    'tcp:tcp_receive_reset, and ECONNRESET, EPIPE or ECONNREFUSED; certain where data_segs_in shows that no data came after the close',
  cites: 'tcp_reset (net/ipv4/tcp_input.c)',
  scenario: 'peer_reset',
  side: 'peer',
  isHarmless: false,
  /** @see Linux tcp_reset */
  question: ({ phase, err, own, received, answered, dataSegsAfter, isUnaccepted, isClosed, from, record }) => {
    if (!isErrorOfReset(err) && err !== ERRNO.ECONNREFUSED) return NO;
    if (phase === 'before_close') {
      if (isUnaccepted) return yes('the peer had reset it before it was accepted');
      if (!isClosed || from === 0 || from === TCP.SYN_SENT) return NO;
      // The kernel calls tcp_reset for both. @see Linux tcp_rcv_state_process (RCV_SHUTDOWN)
      return SHUT_DOWN.has(from)
        ? yes(
            'the peer had reset the connection before the close, or had sent data after a shutdown(SHUT_RDWR) here, which this host answers with a reset',
            { certain: false },
          )
        : yes('the peer had reset the connection before the close');
    }
    if (phase !== 'after_close' || answered) return NO;
    if (!received) return undecided(`ended with errno ${err} as by a reset, but none was seen to come`);
    if (own && isFinUnsent(record.last)) {
      return yes(
        "a reset came while close() still ran, before our FIN had left: the peer's, or one of this host's own firewall",
        { certain: false },
      );
    }
    if (dataSegsAfter === 0) return yes('the peer sent a reset (tcp_receive_reset); no data came after the close');
    const came =
      dataSegsAfter === null ? 'how much came is not known' : `${counted(dataSegsAfter, 'data segment')} came`;
    return yes(`the peer sent a reset (tcp_receive_reset), or data: ${came}`, { certain: false });
  },
  fastDeath: ({ isByError, err }) => (isByError && isErrorOfReset(err) ? 'peer' : null),
  advice: (path) => [
    ...lostOf(path),
    `Look at the application at ${peerEnd(path)} at that time: it ended, or closed with data unread.`,
    'net.ipv4.tcp_orphan_retries would not help: no timer ended it.',
  ],
};
