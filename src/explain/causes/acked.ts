import { TCP } from '../../kernel/tcp-state.ts';
import { isSilent } from '../evidence/facts.ts';
import { isAllAcked } from '../evidence/sequence.ts';
import { NOT_FIN_TIMEOUT } from '../sentences/bounds.ts';
import { lookForPath, tookBytes, tookLong } from '../sentences/peer.ts';
import { type EndingCause, NO, yes } from './cause.ts';

export const acked: EndingCause<'acked'> = {
  name: 'acked',
  title: 'the peer acknowledged our FIN in LAST_ACK',
  meaning: 'The peer closed first, our FIN was acknowledged, and the socket was destroyed: an ordinary end.',
  looksLike: 'CLOSE_WAIT, LAST_ACK, CLOSE: within a round trip, no retransmits.',
  why: 'The peer closed first; this host closed, and its FIN was acknowledged. There is no TIME_WAIT on the side that closes second.',
  helps: [
    'Nothing needs help when it was quick; when it took seconds, look for loss on the path: `ss -tino dst PEER` shows rto and retransmits of its other connections.',
  ],
  doesNotHelp: [
    'net.ipv4.tcp_fin_timeout does not shorten it: LAST_ACK is bounded by tcp_orphan_retries or TCP_USER_TIMEOUT.',
  ],
  howKnown: 'LAST_ACK to CLOSE, errno 0, no reset either way, our FIN acknowledged (`snd_una` = `write_seq`).',
  knownBy: 'LAST_ACK to CLOSE, no error, no reset, our FIN acknowledged (write_seq = snd_una)',
  cites: 'tcp_rcv_state_process, tcp_done (net/ipv4/tcp_input.c)',
  scenario: 'passive_close',
  side: 'none',
  isHarmless: true,
  /** @see Linux tcp_rcv_state_process in LAST_ACK */
  question: (facts) => {
    const { phase, from, err, isClosed, record } = facts;
    if (from !== TCP.LAST_ACK || err !== 0) return NO;
    if (phase === 'before_close') return isClosed ? yes('both FINs were acknowledged before the close') : NO;
    return phase === 'after_close' && isSilent(facts) && isAllAcked(record.last)
      ? yes('the peer acknowledged our FIN in LAST_ACK')
      : NO;
  },
  fastDeath: ({ phase, from, err, sentReset }) =>
    from === TCP.LAST_ACK && err === 0 && (phase === 'before_close' || (phase === 'after_close' && !sentReset))
      ? 'none'
      : null,
  advice: (path, where) => [tookLong(path), ...(tookBytes(path) ? [] : [lookForPath(path, where)]), NOT_FIN_TIMEOUT],
};
