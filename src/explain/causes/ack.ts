import { TCP } from '../../kernel/tcp-state.ts';
import { unacknowledged } from '../evidence/unacknowledged.ts';
import {
  CHANGED_KEY,
  KILL,
  MERGED_FIN,
  MTU_BLACK_HOLE,
  NO_FIN_TIMEOUT,
  NO_KEEPALIVE,
  NO_MAX_ORPHANS,
  NO_RETRIES2,
  PRICE,
  RETRIES_0_AND_3,
  RTO_MAX_BOUND,
  USER_TIMEOUT_BOUND,
} from '../sentences/notes.ts';
import { adviceOnUnacknowledged } from '../sentences/unacknowledged.ts';
import type { WaitingCause } from './cause.ts';

export const ack: WaitingCause<'ack'> = {
  name: 'ack',
  title: 'the peer has not acknowledged our data or FIN',
  meaning:
    'The socket is in FIN_WAIT1 or CLOSING: close() has queued a FIN behind the data, and the peer, or the network between, acknowledges neither.',
  looksLike:
    '`ss -tnop state fin-wait-1` lists it without a process, with a `timer:(on,…)` whose count of retransmits grows. `finwait explain` groups it under `ack`, the path stands in FIN_WAIT1 (CLOSING when both closed at once).',
  why: 'close() queues a FIN behind what was written and returns. From then on the kernel alone sends again, at doubling intervals, until the peer acknowledges or tcp_orphan_retries is used up. Until then the socket is an orphan: it holds its send queue and counts against tcp_max_orphans.',
  helps: [
    'Find where the path to the peer ends: `ss -tino state fin-wait-1` shows timer and retransmits, `ip route get PEER` and tcpdump on both ends show who drops; a firewall or NAT that forgot the flow and a host that went away are the common reasons.',
    MTU_BLACK_HOLE,
    MERGED_FIN,
    CHANGED_KEY,
    `Bound all orphans of the namespace with net.ipv4.tcp_orphan_retries: ${RETRIES_0_AND_3}. ${PRICE}`,
    USER_TIMEOUT_BOUND,
    RTO_MAX_BOUND,
    `Now: ${KILL} It needs CONFIG_INET_DIAG_DESTROY, and on 5.15.215 it leaves orphans as they are.`,
  ],
  doesNotHelp: [NO_FIN_TIMEOUT, NO_RETRIES2, NO_KEEPALIVE, NO_MAX_ORPHANS],
  howKnown:
    'The state is FIN_WAIT1 or CLOSING and the window is not what stops it: something is in flight (packets_out), or the window has room. Retransmits are counted by tcp:tcp_retransmit_skb.',
  knownBy: 'FIN_WAIT1 or CLOSING',
  cites: 'tcp_retransmit_timer, tcp_write_timeout, tcp_orphan_retries (net/ipv4/tcp_timer.c)',
  scenario: 'shutdown_blocked_then_close',
  captureNote:
    'The FIN of an earlier shutdown() was dropped once; a retransmission got through. Until then the socket waited for `ack`.',
  side: 'unknown',
  isHarmless: false,
  cell: 'our data or FIN',
  help: 'the peer has not acknowledged all of our data, or our FIN',
  question: ({ state, isWindowShut }) => !isWindowShut && (state === TCP.FIN_WAIT1 || state === TCP.CLOSING),
  listed: ({ state, timer }) =>
    timer?.kind === 1 && state !== TCP.LAST_ACK && state !== TCP.FIN_WAIT2 ? 'unknown' : null,
  evidence: unacknowledged,
  advice: adviceOnUnacknowledged,
};
