import { TCP } from '../../kernel/tcp-state.ts';
import { ERRNO } from '../kernel/errno.ts';
import { type EndingCause, NO, yes } from './cause.ts';

export const neverConnected: EndingCause<'never_connected'> = {
  name: 'never_connected',
  title: 'it never was a connection',
  meaning:
    'It was closed before a connection was there: unconnected, in SYN_SENT, or after connect() had failed; it is destroyed within close().',
  looksLike: 'Gone as close() returns; the peer is 0.0.0.0:0, or somebody who never answered.',
  why: 'The process closed a socket that it had not connected yet, whose connect() was still under way (SYN_SENT), or had failed.',
  helps: [
    'Where there are many, ask why connects fail: `nstat -az TcpAttemptFails TcpExtTCPTimeouts`, and the error that connect() gives the application.',
    "connect()'s own patience is net.ipv4.tcp_syn_retries, or TCP_SYNCNT for one socket.",
  ],
  doesNotHelp: [
    'net.ipv4.tcp_orphan_retries has no part in it: a socket in SYN_SENT does not outlive its close.',
    'net.ipv4.tcp_tw_reuse has no part in it unless connect() fails with EADDRNOTAVAIL.',
  ],
  howKnown: 'tcp_close found it in CLOSE with no peer or after SYN_SENT, or in SYN_SENT itself.',
  knownBy: 'closed in SYN_SENT, after a connect() that failed, or never connected at all',
  cites: '__tcp_close, tcp_close_state (net/ipv4/tcp.c)',
  scenario: 'closed_while_connecting',
  side: 'none',
  isHarmless: true,
  /** @see Linux tcp_close in SYN_SENT or CLOSE; tcp_v4_connect; tcp_reset (ECONNREFUSED) */
  question: ({ phase, from, err, isClosed, record }) => {
    if (phase === 'in_close') {
      return from === TCP.SYN_SENT ? yes('closed while connecting (SYN_SENT)', { side: 'local' }) : NO;
    }
    if (phase !== 'before_close' || !isClosed) return NO;
    if (from === TCP.SYN_SENT) {
      return err === ERRNO.ECONNREFUSED
        ? yes('connect() had failed before the close: ECONNREFUSED, a reset answered the SYN', { side: 'peer' })
        : yes(`connect() had failed before the close (errno ${err})`, { side: 'unknown' });
    }
    return from === 0 && record.moves.length === 0 && record.detail.rport === 0
      ? yes('closed in CLOSE with no peer: it was never connected')
      : NO;
  },
  fastDeath: ({ phase, from, err, isUnaccepted }) => {
    if (phase === 'in_close') return from === TCP.SYN_SENT ? 'local' : null;
    if (phase !== 'before_close') return null;
    if (from === 0) return 'none';
    return from === TCP.SYN_SENT && !isUnaccepted ? (err === ERRNO.ECONNREFUSED ? 'peer' : 'unknown') : null;
  },
  advice: () => [],
};
