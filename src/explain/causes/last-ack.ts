import { TCP } from '../../kernel/tcp-state.ts';
import { unacknowledged } from '../evidence/unacknowledged.ts';
import { NO_FIN_TIMEOUT, NO_KEEPALIVE, NO_RETRIES2, PRICE } from '../sentences/notes.ts';
import { adviceOnUnacknowledged } from '../sentences/unacknowledged.ts';
import type { WaitingCause } from './cause.ts';

export const lastAck: WaitingCause<'last_ack'> = {
  name: 'last_ack',
  title: 'the peer has not acknowledged our FIN after its own',
  meaning:
    'The socket is in LAST_ACK: the peer closed first, then this host, and the acknowledgement of our last data and FIN does not come.',
  looksLike: '`ss -tnop state last-ack` lists it without a process; the retransmit count grows.',
  why: 'The peer closed first and this host later. Many peers, and NAT boxes between, forget a connection soon after their own FIN: then nobody is left to acknowledge ours.',
  helps: [
    'Find where the path to the peer ends: `ss -tino state last-ack` shows timer and retransmits; often the peer, or a NAT on the way, dropped the connection when it had sent its FIN.',
    'Close sooner after the peer did: what lay between its FIN and our close was CLOSE_WAIT, and the application alone decides how long that is.',
    `Bound it with net.ipv4.tcp_orphan_retries for the namespace, or TCP_USER_TIMEOUT for one application, set just before close(). ${PRICE}`,
  ],
  doesNotHelp: [NO_FIN_TIMEOUT, NO_RETRIES2, NO_KEEPALIVE],
  howKnown: 'The state is LAST_ACK and the window is not what stops it.',
  knownBy: 'LAST_ACK',
  cites: 'tcp_retransmit_timer, tcp_write_timeout, tcp_orphan_retries (net/ipv4/tcp_timer.c)',
  scenario: 'last_ack_retries',
  captureNote: 'It waited for `last_ack` until its retries were used up.',
  side: 'unknown',
  isHarmless: false,
  cell: 'of our FIN',
  help: 'the peer closed first; our FIN is not acknowledged yet',
  question: ({ state, isWindowShut }) => !isWindowShut && state === TCP.LAST_ACK,
  listed: ({ state, timer }) => (timer?.kind === 1 && state === TCP.LAST_ACK ? 'unknown' : null),
  evidence: unacknowledged,
  advice: adviceOnUnacknowledged,
};
