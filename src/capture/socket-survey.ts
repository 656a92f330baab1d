import { TCP } from '../kernel/tcp-state.ts';
import type { Netns } from './netns.ts';
import { isOrphan, type ProcSock } from './proc-net-tcp.ts';

/** Sockets kept of one kind and namespace; more are only counted. */
const MAX_KEPT = 50_000;

/** What of a namespace's sockets concerns the host facts. */
export type Survey = {
  readonly netns: Netns;
  readonly orphans: number;
  readonly closeWait: { readonly count: number; readonly kept: readonly ProcSock[] };
  /** ESTABLISHED without an inode: no process has it. */
  readonly bare: { readonly count: number; readonly kept: readonly ProcSock[] };
  /** ESTABLISHED with an inode, by it. */
  readonly owned: ReadonlyMap<number, ProcSock>;
  readonly listeners: readonly ProcSock[];
};

type Counted = { count: number; readonly kept: ProcSock[] };

/** Sorts the sockets of a namespace. */
export const survey = (netns: Netns, socks: readonly ProcSock[]): Survey => {
  const closeWait: Counted = { count: 0, kept: [] };
  const bare: Counted = { count: 0, kept: [] };
  const owned = new Map<number, ProcSock>();
  const listeners: ProcSock[] = [];
  let orphans = 0;
  const count = (list: Counted, sock: ProcSock): void => {
    list.count++;
    if (list.kept.length < MAX_KEPT) list.kept.push(sock);
  };
  for (const sock of socks) {
    if (sock.state === TCP.CLOSE_WAIT) count(closeWait, sock);
    else if (sock.state === TCP.LISTEN) listeners.push(sock);
    else if (sock.state === TCP.ESTABLISHED && sock.inode === 0) count(bare, sock);
    else if (sock.state === TCP.ESTABLISHED) owned.set(sock.inode, sock);
    else if (isOrphan(sock)) orphans++;
  }
  return { netns, orphans, closeWait, bare, owned, listeners };
};

const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

/**
 * The listeners of a namespace, by what they accept: `find` gives the one in whose accept queue a connection without an
 * inode waits. Of several on one port (SO_REUSEPORT) it is the one with the longest queue; null: none fits.
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
