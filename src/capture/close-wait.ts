import {
  type CloseWait,
  type CloseWaitGroup,
  type HostFacts,
  type Listener,
  MAX_LISTED,
  type Ownerless,
} from '../wire/host-facts.ts';
import type { Held } from './holders.ts';
import type { ProcSock } from './proc-net-tcp.ts';
import { type SocketInfo, socketKey } from './socket-info.ts';
import { indexListeners, type Survey } from './socket-survey.ts';

/** What was found out about the sockets of all namespaces. */
export type Found = {
  readonly surveys: readonly Survey[];
  readonly held: ReadonlyMap<number, Held>;
  /** What ss said, by namespace and `socketKey`. */
  readonly infos: ReadonlyMap<number, ReadonlyMap<string, SocketInfo>>;
  /** ESTABLISHED sockets that no process has open, by namespace; null where not every process could be asked. */
  readonly unheld: ReadonlyMap<number, readonly ProcSock[]> | null;
};

const tupleOf = (netns: number, { family, laddr, lport, raddr, rport }: ProcSock) => ({
  netns,
  family,
  laddr,
  lport,
  raddr,
  rport,
});

/** For a socket without an inode: the listener it waits for, if one fits. */
const createFinder = ({ listeners }: Survey, held: Found['held']): ((sock: ProcSock) => Listener | null) => {
  const find = indexListeners(listeners);
  return (sock) => {
    const listener = find(sock);
    if (listener === null) return null;
    const { laddr, lport, inode } = listener;
    return { laddr, lport, holders: held.get(inode)?.holders ?? [] };
  };
};

const longer = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);

/** The sockets in CLOSE_WAIT: each counted with who holds it, those with the most unread bytes listed. */
export const describeCloseWait = ({ surveys, held, infos }: Found): HostFacts['close_wait'] => {
  const all: CloseWait[] = [];
  let count = 0;
  for (const each of surveys) {
    count += each.closeWait.count;
    const netns = each.netns.inode;
    const listenerOf = createFinder(each, held);
    for (const sock of each.closeWait.kept) {
      const info = infos.get(netns)?.get(socketKey(sock.laddr, sock.lport, sock.raddr, sock.rport));
      const isSame = info !== undefined && info.state === 'CLOSE-WAIT' && info.inode === sock.inode;
      const owner = held.get(sock.inode);
      all.push({
        ...tupleOf(netns, sock),
        inode: sock.inode === 0 ? null : sock.inode,
        // The FIN takes a sequence number, until it is read.
        unread_bytes: Math.max(0, sock.rxQueue - 1),
        all_read: sock.rxQueue === 0,
        min_ms: isSame ? info.lastAckMs : null,
        max_ms: isSame ? info.lastRcvMs : null,
        holders: owner?.holders ?? [],
        holder_count: owner?.count ?? 0,
        listener: sock.inode === 0 ? listenerOf(sock) : null,
      });
    }
  }
  return {
    count,
    not_accepted: all.filter((sock) => sock.listener !== null).length,
    unread_bytes: all.reduce((sum, sock) => sum + sock.unread_bytes, 0),
    by_holder: byHolder(all),
    listed: all
      .sort((a, b) => b.unread_bytes - a.unread_bytes || (b.min_ms ?? 0) - (a.min_ms ?? 0))
      .slice(0, MAX_LISTED),
  };
};

const byHolder = (all: readonly CloseWait[]): readonly CloseWaitGroup[] => {
  const groups = new Map<string, CloseWaitGroup>();
  for (const sock of all) {
    const holder = sock.holders[0] ?? null;
    const key = `${sock.netns} ${holder?.pid ?? ''}`;
    const before = groups.get(key);
    groups.set(key, {
      netns: sock.netns,
      holder,
      count: (before?.count ?? 0) + 1,
      unread_bytes: (before?.unread_bytes ?? 0) + sock.unread_bytes,
      all_read: (before?.all_read ?? 0) + (sock.all_read ? 1 : 0),
      min_ms: longer(before?.min_ms ?? null, sock.min_ms),
      max_ms: longer(before?.max_ms ?? null, sock.max_ms),
    });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count).slice(0, MAX_LISTED);
};

/** ESTABLISHED sockets that no process has, and what they are. */
export const describeOwnerless = ({ surveys, held, unheld }: Found): HostFacts['ownerless'] => {
  const all: Ownerless[] = [];
  const counts = { not_accepted: 0, no_socket: 0, no_fd: 0 };
  let bare = 0;
  for (const each of surveys) {
    const netns = each.netns.inode;
    const listenerOf = createFinder(each, held);
    bare += each.bare.count;
    for (const sock of each.bare.kept) {
      const listener = listenerOf(sock);
      const why = listener === null ? 'no_socket' : 'not_accepted';
      counts[why]++;
      all.push({ ...tupleOf(netns, sock), why, inode: null, unread_bytes: sock.rxQueue, listener });
    }
    for (const sock of unheld?.get(netns) ?? []) {
      counts.no_fd++;
      all.push({
        ...tupleOf(netns, sock),
        why: 'no_fd',
        inode: sock.inode,
        unread_bytes: sock.rxQueue,
        listener: null,
      });
    }
  }
  return {
    count: bare + counts.no_fd,
    not_accepted: counts.not_accepted,
    no_socket: counts.no_socket,
    no_fd: unheld === null ? null : counts.no_fd,
    listed: all.sort((a, b) => b.unread_bytes - a.unread_bytes).slice(0, MAX_LISTED),
  };
};
