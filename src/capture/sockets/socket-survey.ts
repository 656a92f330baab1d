import { TCP } from '../../kernel/tcp-state.ts';
import type { Netns } from './netns.ts';
import { isOrphan, type ProcSock } from './proc-net-tcp.ts';

/** Sockets kept of one kind and namespace. More are only counted. */
const MAX_KEPT = 50_000;

/** The sockets of a namespace that the host facts need. */
export type Survey = {
  readonly netns: Netns;
  readonly orphans: number;
  readonly closeWait: Counted;
  /** ESTABLISHED without an inode: no process has it. */
  readonly bare: Counted;
  /** ESTABLISHED with an inode, keyed by it. */
  readonly owned: ReadonlyMap<number, ProcSock>;
  readonly listeners: readonly ProcSock[];
};

/** Sockets of one kind. The counts include those that are not kept. */
export type Counted = {
  readonly count: number;
  /** Sockets without an inode that fit a listener: they wait in its accept queue. */
  readonly notAccepted: number;
  readonly unreadBytes: number;
  readonly kept: readonly ProcSock[];
};

/** Sorts the sockets of a namespace. */
export const survey = (netns: Netns, socks: readonly ProcSock[]): Survey => {
  const closeWait: ProcSock[] = [];
  const bare: ProcSock[] = [];
  const owned = new Map<number, ProcSock>();
  const listeners: ProcSock[] = [];
  let orphans = 0;
  for (const sock of socks) {
    if (sock.state === TCP.CLOSE_WAIT) closeWait.push(sock);
    else if (sock.state === TCP.LISTEN) listeners.push(sock);
    else if (sock.state === TCP.ESTABLISHED && sock.inode === 0) bare.push(sock);
    else if (sock.state === TCP.ESTABLISHED) owned.set(sock.inode, sock);
    else if (isOrphan(sock)) orphans++;
  }
  const find = indexListeners(listeners);
  return { netns, orphans, closeWait: counted(closeWait, find), bare: counted(bare, find), owned, listeners };
};

/** Received and not read, bytes. In CLOSE_WAIT the FIN takes a sequence number, until it is read. */
export const unreadBytes = ({ state, rxQueue }: ProcSock): number =>
  state === TCP.CLOSE_WAIT ? Math.max(0, rxQueue - 1) : rxQueue;

const counted = (socks: readonly ProcSock[], find: ReturnType<typeof indexListeners>): Counted => ({
  count: socks.length,
  notAccepted: socks.filter((sock) => sock.inode === 0 && find(sock) !== null).length,
  unreadBytes: socks.reduce((sum, sock) => sum + unreadBytes(sock), 0),
  kept: socks.slice(0, MAX_KEPT),
});

const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

/**
 * Indexes the listeners of a namespace by the connections they accept. The result finds the listener for a connection
 * without an inode, which waits in that listener's accept queue; null when none fits. When several share a port
 * (SO_REUSEPORT), it gives the one with the longest queue.
 */
export const indexListeners = (listeners: readonly ProcSock[]): ((sock: ProcSock) => ProcSock | null) => {
  const longest = new Map<string, ProcSock>();
  for (const listener of listeners) {
    const key = `${listener.family} ${listener.laddr} ${listener.lport}`;
    if (listener.rxQueue >= (longest.get(key)?.rxQueue ?? 0)) longest.set(key, listener);
  }
  return ({ family, laddr, lport }) => {
    for (const address of [laddr, ...WILDCARDS]) {
      const found = longest.get(`${family} ${address} ${lport}`);
      if (found !== undefined) return found;
    }
    return null;
  };
};
