import { ipv4Text, ipv6Text } from '../../kernel/address.ts';
import { TCP } from '../../kernel/tcp-state.ts';

/**
 * One line of /proc/net/tcp or tcp6. Addresses are text, `txQueue` and `rxQueue` bytes. A listener's `rxQueue` counts
 * sockets to accept.
 */
export type ProcSock = {
  readonly family: 'ipv4' | 'ipv6';
  readonly laddr: string;
  readonly lport: number;
  readonly raddr: string;
  readonly rport: number;
  readonly state: number;
  readonly txQueue: number;
  readonly rxQueue: number;
  /** 0 none, 1 retransmission, 2 keepalive or FIN_WAIT2, 3 TIME_WAIT, 4 window probe. */
  readonly timer: number;
  /** Time until it fires, ms, to 10 ms. */
  readonly timerMs: number;
  /** Window probes that were not answered. */
  readonly probesOut: number;
  readonly retransmits: number;
  readonly inode: number;
};

const LINE =
  /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{2}) ([0-9A-F]{8}):([0-9A-F]{8}) ([0-9A-F]{2}):([0-9A-F]{8}) ([0-9A-F]{8})\s+\d+\s+(\d+) (\d+)/;
/** /proc tells timers in clock ticks of USER_HZ: 100 a second whatever the kernel's HZ. */
const TICK_MS = 10;

/**
 * Reads a line of /proc/net/tcp[6].
 *
 * @returns null for the heading, and for anything else that is no socket
 *
 * @see Linux net/ipv4/tcp_ipv4.c, get_tcp4_sock and get_timewait4_sock
 */
export const parseProcSock = (line: string): ProcSock | null => {
  const m = LINE.exec(line);
  if (m === null) return null;
  const [, local = '', lport = '', remote = '', rport = '', state = '', tx = '', rx = '', timer = '', when = ''] = m;
  const [retr = '', probes = '', inode = ''] = m.slice(10);
  return {
    family: local.length === 8 ? 'ipv4' : 'ipv6',
    laddr: addressText(local),
    lport: Number.parseInt(lport, 16),
    raddr: addressText(remote),
    rport: Number.parseInt(rport, 16),
    state: Number.parseInt(state, 16),
    txQueue: Number.parseInt(tx, 16),
    rxQueue: Number.parseInt(rx, 16),
    timer: Number.parseInt(timer, 16),
    timerMs: Number.parseInt(when, 16) * TICK_MS,
    retransmits: Number.parseInt(retr, 16),
    probesOut: Number(probes),
    inode: Number(inode),
  };
};

/** A line in FIN_WAIT2 with this timer is a minisock, which is no orphan. */
const TIMER_TIME_WAIT = 3;
const ORPHAN_STATES: readonly number[] = [TCP.FIN_WAIT1, TCP.FIN_WAIT2, TCP.LAST_ACK, TCP.CLOSING];

/** True for the line of an orphan: dying, without an inode, and not a minisock. */
export const isOrphan = (sock: ProcSock): boolean =>
  sock.inode === 0 && ORPHAN_STATES.includes(sock.state) && sock.timer !== TIMER_TIME_WAIT;

const addressText = (hex: string): string => {
  const word = (at: number) => Number.parseInt(hex.slice(at, at + 8), 16);
  return hex.length === 8 ? ipv4Text(word(0)) : ipv6Text([word(0), word(8), word(16), word(24)]);
};
