import { TCP } from '../kernel/tcp-state.ts';
import { VIA } from '../wire/event.ts';
import { HOLDER, holderOf, OWN, SOCK } from '../wire/evidence.ts';
import type { EndedBy, Side } from './close-path.ts';
import type { SockRecord } from './record.ts';
import { hasNoRoom } from './waiting.ts';

export type Ending = {
  readonly endedBy: EndedBy;
  readonly side: Side;
  readonly because: string;
};

/** `enum sk_rst_reason` by the running kernel's numbers; empty where the kernel has none. */
export type ResetReasons = ReadonlyMap<number, string>;

const ECONNABORTED = 103;
const ECONNRESET = 104;
const ETIMEDOUT = 110;
const ECONNREFUSED = 111;
const EPIPE = 32;

const ended = (endedBy: EndedBy, side: Side, because: string): Ending => ({ endedBy, side, because });

/**
 * How a destroyed sock ended, by the table of what can be observed at its way into CLOSE.
 *
 * Answers `unknown` rather than guess: where reset reasons or events are missing, where the table has two causes.
 *
 * @see ../../docs/close-path.md; Linux net/ipv4/tcp.c, tcp_input.c, tcp_timer.c
 */
export const endingOf = (record: SockRecord, reasons: ResetReasons): Ending => {
  const { sock, detail } = record;
  if (sock.announce.via === VIA.destroy || record.closedIn === TCP.CLOSE) return foundClosed(record);
  const last = record.moves.at(-1);
  if (last?.to !== TCP.CLOSE) return ended('unknown', 'unknown', 'its way into CLOSE was not observed');
  if (record.err === ECONNABORTED) {
    return ended('killed', 'operator', 'ended with ECONNABORTED, which tcp_abort sets (ss -K, bpf_sock_destroy)');
  }
  // tcp_close's own move into CLOSE: the tracepoint backend infers the close from it, a hook sees it next, and in
  // neither is the sock orphaned yet.
  const isHooked = sock.announce.via === VIA.hook;
  const isClosingMove = isHooked
    ? sock.moves.length === 1 && last.own && (record.last.flags & SOCK.DEAD) === 0
    : sock.moves.length === 0;
  if (isClosingMove && record.closedAt !== null) {
    const atClose = abortedAtClose(record, last.from);
    if (atClose !== null) return atClose;
  }
  return afterClose(record, last.from, detail.linger2, reasons);
};

/** Destroyed without a transition while it died: it was in CLOSE when tcp_close, or nobody, found it. */
const foundClosed = (record: SockRecord): Ending => {
  const { sock, moves } = record;
  const last = moves.at(-1);
  const holder = holderOf(sock.announce.context);
  const isReset = record.err === ECONNRESET || record.err === EPIPE;
  if (record.closedAt === null) {
    if (holder === HOLDER.none && isReset)
      return ended('peer_reset', 'peer', 'the peer had reset it before it was accepted');
    if (holder === HOLDER.none && last?.from === TCP.SYN_RECV) {
      const why = 'a child dropped in SYN_RECV: another one had its addresses and ports, or its listener was closing';
      return ended('unknown', 'unknown', why);
    }
    return holder === HOLDER.none && last !== undefined
      ? ended('listener_closed', 'local', 'destroyed unlocked and without a struct socket: a child its listener forgot')
      : ended('unknown', 'unknown', 'destroyed although no close was observed');
  }
  if (last === undefined) {
    return record.detail.rport === 0
      ? ended('never_connected', 'none', 'closed in CLOSE with no peer: it was never connected')
      : ended('unknown', 'unknown', 'closed in CLOSE; how it got there was not observed');
  }
  if (last.from === TCP.SYN_SENT) {
    return ended(
      'never_connected',
      record.err === ECONNREFUSED ? 'peer' : 'unknown',
      'connect() had failed before the close',
    );
  }
  if (last.from === TCP.LAST_ACK && record.err === 0) {
    return ended('acked', 'none', 'both FINs were acknowledged before the close');
  }
  if (last.from === TCP.CLOSING && record.err === 0) {
    return ended('time_wait', 'none', 'TIME_WAIT took over before the close');
  }
  if (last.from === TCP.FIN_WAIT2 && record.err === 0 && !last.own) {
    return ended('time_wait', 'none', "the peer's FIN was answered and TIME_WAIT took over before the close");
  }
  if (record.err === ECONNABORTED) return ended('killed', 'operator', 'aborted (ECONNABORTED) before the close');
  if (isReset) return ended('peer_reset', 'peer', 'the peer had reset the connection before the close');
  if (last.from === TCP.LISTEN)
    return ended('listener_closed', 'local', 'it was a listener, shut down before the close');
  if (last.own && record.err === 0) {
    return ended('unknown', 'local', 'a task had moved it to CLOSE before the close, as connect(AF_UNSPEC) does');
  }
  return ended('unknown', 'unknown', 'it was in CLOSE before tcp_close; the cause left no trace');
};

/** tcp_close itself moved it into CLOSE. @see __tcp_close */
const abortedAtClose = (record: SockRecord, from: number): Ending | null => {
  const { sock, detail } = record;
  if (from === TCP.SYN_SENT) return ended('never_connected', 'local', 'closed while connecting (SYN_SENT)');
  if (from === TCP.LISTEN) return ended('listener_closed', 'local', 'it was a listener');
  const unread = unreadBytes(record);
  if (unread !== null && unread > 0) {
    return ended('unread_data', 'local', `closed with ${unread} B unread: tcp_close resets (TCPAbortOnClose)`);
  }
  if ((sock.announce.flags & SOCK.LINGER) !== 0 && detail.lingerTime === 0) {
    return ended('linger_zero', 'local', 'SO_LINGER with 0 s: tcp_close resets (TCPAbortOnData)');
  }
  return null;
};

const afterClose = (record: SockRecord, from: number, linger2: number, reasons: ResetReasons): Ending => {
  const { sock, last, err, detail } = record;
  const sent = sock.resets.filter((reset) => reset.sent);
  const received = sock.resets.some((reset) => !reset.sent);
  const answered = sent.some((reset) => reset.answersSegment);
  const reasonNames = sent.map((reset) => (reset.reason === null ? '' : (reasons.get(reset.reason) ?? '')));
  if (reasonNames.includes('TCP_ABORT_ON_MEMORY')) {
    return ended(
      'unknown',
      'limit',
      'reset by TCP_ABORT_ON_MEMORY: tcp_max_orphans or tcp_mem, which this trace cannot tell apart',
    );
  }
  if (reasonNames.includes('TCP_ABORT_ON_LINGER') || (linger2 < 0 && from === TCP.FIN_WAIT2 && sent.length > 0)) {
    return ended('linger2', 'local', 'TCP_LINGER2 < 0: reset instead of FIN_WAIT2');
  }
  if (received && answered) {
    return ended('data_after_close', 'peer', 'the peer sent data after the close and was answered with a reset');
  }
  if (received && (err === ECONNRESET || err === EPIPE || err === ECONNREFUSED)) {
    return ended('peer_reset', 'peer', 'the peer sent a reset (tcp_receive_reset)');
  }
  // tcp_write_err prefers what ICMP said (sk_err_soft) to ETIMEDOUT.
  const isTimeout = err === ETIMEDOUT || (err !== 0 && err === last.errSoft);
  if (isTimeout && sent.length === 0 && !received) {
    const how = err === ETIMEDOUT ? 'ETIMEDOUT' : `errno ${err}, an ICMP error before`;
    if (detail.userTimeoutMs > 0) {
      return ended(
        'user_timeout',
        'unknown',
        `timed out (${how}) under TCP_USER_TIMEOUT of ${detail.userTimeoutMs} ms`,
      );
    }
    if (last.probesOut > 0 && !hasNoRoom(last)) {
      return ended(
        'retries',
        'local',
        `timed out (${how}) after ${last.probesOut} attempts that did not leave this host: the peer's window had room for ${last.sndWnd} B`,
      );
    }
    if (last.probesOut > 0) {
      return ended('window_probes', 'peer', `timed out (${how}) after ${last.probesOut} window probes`);
    }
    if (last.icskRetransmits > 0) {
      return ended('retries', 'unknown', `timed out (${how}) after ${last.icskRetransmits} retransmission timeouts`);
    }
  }
  if (err !== 0) return ended('unknown', 'unknown', `ended with errno ${err}; no rule covers it`);
  if (sent.length > 0) {
    return from === TCP.FIN_WAIT2 && !answered && (last.context & OWN) === 0
      ? ended('fin_timeout', 'peer', 'the FIN_WAIT2 timer ran out and reset it')
      : ended('unknown', 'unknown', 'a reset was sent that no rule covers');
  }
  const unacked = distance(last.writeSeq, last.sndUna);
  if ((from === TCP.LAST_ACK || from === TCP.CLOSING) && unacked !== 0) {
    return ended('unknown', 'unknown', 'moved to CLOSE silently, our FIN not acknowledged; no rule covers it');
  }
  switch (from) {
    case TCP.LAST_ACK:
      return ended('acked', 'none', 'the peer acknowledged our FIN in LAST_ACK');
    case TCP.CLOSING:
      return ended('time_wait', 'none', 'both sides closed at once; TIME_WAIT took over');
    case TCP.FIN_WAIT2:
      return (last.flags & SOCK.DONE) !== 0
        ? ended('time_wait', 'none', "the peer's FIN came; TIME_WAIT took over")
        : ended(
            'fin_wait2_timewait',
            'peer',
            'handed to a FIN_WAIT2 minisock: counted as timewait, no longer as an orphan',
          );
    default:
      return ended('unknown', 'unknown', 'moved to CLOSE silently; no rule covers it');
  }
};

/**
 * Bytes that had arrived and were not read at the close: rcv_nxt - copied_seq, less the peer's FIN if that was not
 * read either (reading end-of-file moves copied_seq over it).
 *
 * @returns null where the sequence numbers mean nothing (never connected, or no close observed)
 * @see Linux include/net/tcp.h, tcp_inq
 */
export const unreadBytes = (record: SockRecord): number | null => {
  const { detail, sock, closedIn } = record;
  if (closedIn === null || !hasSequence(closedIn)) return null;
  const bytes = distance(detail.rcvNxt, detail.copiedSeq);
  const hasFin = (sock.announce.flags & SOCK.DONE) !== 0;
  return bytes !== null && bytes > 0 && hasFin ? bytes - 1 : bytes;
};

/** States in which a sock has sequence numbers of a connection. */
export const hasSequence = (state: number): boolean =>
  state !== TCP.CLOSE && state !== TCP.LISTEN && state !== TCP.SYN_SENT && state !== 0;

/** b to a in sequence space; null when that is negative, which no consistent snapshot is. */
export const distance = (a: number, b: number): number | null => {
  const bytes = (a - b) >>> 0;
  return bytes > 0x7fffffff ? null : bytes;
};
