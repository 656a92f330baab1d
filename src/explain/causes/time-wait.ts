import { TCP } from '../../kernel/tcp-state.ts';
import { peerEnd } from '../../text/endpoint.ts';
import { SOCK } from '../../wire/evidence.ts';
import { isSilent } from '../evidence/facts.ts';
import { isAllAcked } from '../evidence/sequence.ts';
import { LAST_PLACE } from '../sentences/notes.ts';
import { tookLong } from '../sentences/peer.ts';
import { type EndingCause, NO, undecided, yes } from './cause.ts';

export const timeWait: EndingCause<'time_wait'> = {
  name: 'time_wait',
  title: 'both sides closed; TIME_WAIT took over',
  meaning:
    'The full socket is destroyed, and with it the orphan ends; a minisock of a few hundred bytes keeps the port pair for 60 s.',
  looksLike: '`ss -tan state time-wait` lists it for 60 s, with no process and no memory worth the name.',
  why: "The side that closes first keeps the port pair for 60 s, so that late segments of the old connection cannot be taken for the new one's.",
  helps: [
    'Nothing needs help for the orphan count: TIME_WAIT is none. Where ports run out, keep connections open (pools, HTTP keep-alive) or widen net.ipv4.ip_local_port_range.',
    'TIME_WAIT stays with the side that closes first: let the client close first.',
  ],
  doesNotHelp: [
    'net.ipv4.tcp_fin_timeout does not shorten TIME_WAIT: that is 60 s, a constant (TCP_TIMEWAIT_LEN). The tw figure drops because FIN_WAIT2 minisocks are counted in it.',
    'net.ipv4.tcp_tw_reuse clears nothing: it lets a new connect() take a port that is over 1 s in TIME_WAIT, with timestamps; its default of 2 does so on loopback only.',
    'net.ipv4.tcp_tw_recycle does not exist any more, and net.ipv4.tcp_tw_timeout not in mainline.',
    'Lowering net.ipv4.tcp_max_tw_buckets makes sockets skip TIME_WAIT (TCPTimeWaitOverflow), and late segments of an old connection can then meet a new one.',
  ],
  howKnown:
    "FIN_WAIT2 to CLOSE with the peer's FIN received (SOCK_DONE), or CLOSING to CLOSE; errno 0 and no reset. State 6 itself is never traced: the full socket goes to CLOSE when the minisock takes over.",
  knownBy: "CLOSING to CLOSE with our FIN acknowledged, or FIN_WAIT2 to CLOSE with the peer's FIN received (SOCK_DONE)",
  cites: 'tcp_fin, tcp_time_wait (net/ipv4/tcp_input.c, tcp_minisocks.c)',
  scenario: 'simultaneous_close',
  side: 'none',
  isHarmless: true,
  /** @see Linux tcp_time_wait from FIN_WAIT2 or CLOSING */
  question: (facts) => {
    const { phase, from, own, err, isClosed, record, minisock } = facts;
    if (err !== 0) return NO;
    if (phase === 'before_close') {
      if (!isClosed) return NO;
      if (from === TCP.CLOSING) return yes('TIME_WAIT took over before the close');
      return from === TCP.FIN_WAIT2 && !own
        ? yes("the peer's FIN was answered and TIME_WAIT took over before the close")
        : NO;
    }
    if (phase !== 'after_close' || !isSilent(facts) || minisock === 'no') return NO;
    const areBoth = from === TCP.CLOSING && isAllAcked(record.last);
    if (!areBoth && (from !== TCP.FIN_WAIT2 || (record.last.flags & SOCK.DONE) === 0)) return NO;
    if (minisock === 'perhaps') return undecided(LAST_PLACE, 'limit');
    return yes(`${areBoth ? 'both sides closed at once' : "the peer's FIN came"}; TIME_WAIT took over`);
  },
  fastDeath: ({ phase, from, err, sentReset, isDone, minisock }) =>
    (from === TCP.CLOSING || (from === TCP.FIN_WAIT2 && isDone)) &&
    err === 0 &&
    minisock === 'yes' &&
    (phase === 'before_close' || (phase === 'after_close' && !sentReset))
      ? 'none'
      : null,
  advice: (path) => [
    path.waiting_for === 'peer_fin'
      ? `The application at ${peerEnd(path)} took long to close: there the connection was in CLOSE_WAIT until it did.`
      : tookLong(path),
    'net.ipv4.tcp_fin_timeout would not shorten TIME_WAIT, which is 60 s and no orphan.',
  ],
};
