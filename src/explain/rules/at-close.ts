import { TCP } from '../../kernel/tcp-state.ts';
import { SOCK } from '../../wire/evidence.ts';
import { unreadBytes } from '../sequence.ts';
import { ERR } from './facts.ts';
import { NO, type Rule, undecided, yes } from './rule.ts';

/** Ends that tcp_close makes itself, or that it finds made. */

export const neverConnected: Rule = {
  endedBy: 'never_connected',
  cites: 'tcp_close in SYN_SENT or CLOSE; tcp_v4_connect; tcp_reset (ECONNREFUSED)',
  check: ({ phase, from, err, isClosed, record }) => {
    if (phase === 'in_close') return from === TCP.SYN_SENT ? yes('local', 'closed while connecting (SYN_SENT)') : NO;
    if (phase !== 'before_close' || !isClosed) return NO;
    if (from === TCP.SYN_SENT) {
      return err === ERR.refused
        ? yes('peer', 'connect() had failed before the close: ECONNREFUSED, a reset answered the SYN')
        : yes('unknown', `connect() had failed before the close (errno ${err})`);
    }
    return from === 0 && record.moves.length === 0 && record.detail.rport === 0
      ? yes('none', 'closed in CLOSE with no peer: it was never connected')
      : NO;
  },
};

export const listenerClosed: Rule = {
  endedBy: 'listener_closed',
  cites: 'inet_csk_listen_stop, inet_child_forget',
  check: ({ phase, from, err, isUnaccepted, isClosed }) => {
    if (phase === 'in_close') return from === TCP.LISTEN ? yes('local', 'it was a listener') : NO;
    if (phase !== 'before_close') return NO;
    if (isUnaccepted) {
      if (from === TCP.SYN_RECV) {
        return undecided(
          'a child dropped in SYN_RECV: another one had its addresses and ports, or its listener was closing',
        );
      }
      return from !== 0 && err !== ERR.reset && err !== ERR.pipe
        ? yes('local', 'destroyed unlocked and without a struct socket: a child its listener forgot')
        : NO;
    }
    return isClosed && from === TCP.LISTEN ? yes('local', 'it was a listener, shut down before the close') : NO;
  },
};

export const unreadData: Rule = {
  endedBy: 'unread_data',
  cites: '__tcp_close (TCPAbortOnClose)',
  check: ({ phase, from, record }) => {
    const unread = unreadBytes(record);
    if (phase !== 'in_close' || from === TCP.SYN_SENT || from === TCP.LISTEN || unread === null || unread === 0)
      return NO;
    return yes('local', `closed with ${unread} B unread: tcp_close resets (TCPAbortOnClose)`);
  },
};

export const lingerZero: Rule = {
  endedBy: 'linger_zero',
  cites: '__tcp_close, tcp_disconnect (TCPAbortOnData)',
  check: ({ phase, from, record }) => {
    if (phase !== 'in_close' || from === TCP.SYN_SENT || from === TCP.LISTEN) return NO;
    const isLingering = (record.sock.announce.flags & SOCK.LINGER) !== 0;
    return isLingering && record.detail.lingerTime === 0 && unreadBytes(record) === 0
      ? yes('local', 'SO_LINGER with 0 s: tcp_close resets (TCPAbortOnData)')
      : NO;
  },
};
