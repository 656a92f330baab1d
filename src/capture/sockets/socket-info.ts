import type { Netns } from './netns.ts';
import { askSs, endpointOf } from './ss.ts';

const TIMEOUT_MS = 2000;
const MAX_OUTPUT = 256_000_000;
const STATES = ['close-wait', 'fin-wait-1', 'fin-wait-2', 'last-ack', 'closing'];

/** One socket as ss shows it. Times in ms, memory in bytes; null where ss did not say. */
export type SocketInfo = {
  readonly state: string;
  /** Both endpoints, in the form of `socketKey`. */
  readonly key: string;
  readonly inode: number;
  readonly isMinisock: boolean;
  /** Time since data last came, and since an ACK last came. @see Linux include/uapi/linux/tcp.h, tcp_info */
  readonly lastRcvMs: number | null;
  readonly lastAckMs: number | null;
  /** Receive and send buffers and the reserve: sk_rmem_alloc + sk_wmem_queued + sk_forward_alloc. */
  readonly memBytes: number | null;
};

/** Names a socket within its namespace. ss adds an interface to a link-local address. */
export const socketKey = (laddr: string, lport: number | string, raddr: string, rport: number | string): string =>
  `${laddr} ${lport} ${raddr} ${rport}`;

/**
 * Reads a line of `ss -OHtniem state …`, asked for several states. ss leaves a time out when it is 0.
 *
 * The path of the socket's cgroup stands in its middle, and a user may choose that path, spaces and all. So the fields
 * before it are read up to it, and the fields behind it from the last `skmem:` on, which every full sk has.
 *
 * @returns null for a line that is no socket
 */
export const parseSocketInfo = (line: string): SocketInfo | null => {
  const [state = '', , , local = '', peer = '', ...rest] = line.trim().split(/\s+/);
  const from = endpointOf(local);
  const to = endpointOf(peer);
  const all = rest.join(' ');
  const [before = ''] = all.split(' cgroup:', 1);
  const info = all.slice(Math.max(0, all.lastIndexOf(' skmem:(')));
  const inode = /(?:^| )ino:(\d{1,15})(?: |$)/.exec(before)?.[1];
  if (from === null || to === null || !/^[A-Z0-9-]{3,12}$/.test(state)) return null;
  const hasInfo = /(?:^| )rto:/.test(info);
  const time = (name: string): number | null =>
    hasInfo ? Number(new RegExp(`(?:^| )${name}:(\\d{1,10})`).exec(info)?.[1] ?? 0) : null;
  return {
    state,
    key: socketKey(...from, ...to),
    inode: Number(inode ?? 0),
    isMinisock: before.startsWith('timer:(timewait'),
    lastRcvMs: time('lastrcv'),
    lastAckMs: time('lastack'),
    memBytes: memoryOf(info),
  };
};

const memoryOf = (info: string): number | null => {
  const m = /skmem:\(r(\d{1,10}),rb\d+,t\d+,tb\d+,f(\d{1,10}),w(\d{1,10}),/.exec(info);
  // sk_forward_alloc is signed, but printed as unsigned.
  return m === null ? null : Math.max(0, Number(m[1]) + (Number(m[2]) | 0) + Number(m[3]));
};

/**
 * Asks ss for the sockets of a namespace that wait for a close or die: bounded to 2 s and 256 MB.
 *
 * @returns the reason where ss could not tell of all; null when it could. Never throws
 */
export const askSocketInfo = (
  netns: Netns,
  take: (info: SocketInfo) => void,
  signal?: AbortSignal,
): Promise<string | null> => {
  const args = ['-OHtniem', ...STATES.flatMap((state) => ['state', state])];
  return askSs(netns, args, { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT, signal }, (line) => {
    const info = parseSocketInfo(line);
    if (info !== null) take(info);
  });
};
