import {
  type CloseWait,
  type CloseWaitGroup,
  type HostFacts,
  type Listener,
  MAX_LISTED,
  type Ownerless,
} from '../../wire/host-facts.ts';
import type { HolderScan } from './holders.ts';
import type { ProcSock } from './proc-net-tcp.ts';
import { type SocketInfo, socketKey } from './socket-info.ts';
import { indexListeners, type Survey, unreadBytes } from './socket-survey.ts';

/** The findings about the sockets of all namespaces. */
export type Found = {
  readonly surveys: readonly Survey[];
  readonly scan: Pick<HolderScan, 'held' | 'isComplete'>;
  /** ss's answers, by namespace and `socketKey`. */
  readonly infos: ReadonlyMap<number, ReadonlyMap<string, SocketInfo>>;
  /** ESTABLISHED sockets that no process has open, by namespace. Null where that is not known of every socket. */
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

/** Processes that have a socket open. Null where none was found and not every process could be asked. */
const holdersOf = ({ held, isComplete }: Found['scan'], inode: number): CloseWait['holders'] =>
  held.get(inode)?.holders ?? (isComplete || inode === 0 ? [] : null);

/** The number of processes that have it open. Null where not every process could be asked. */
const holderCount = ({ held, isComplete }: Found['scan'], inode: number): number | null => {
  if (inode === 0) return 0;
  return isComplete ? (held.get(inode)?.count ?? 0) : null;
};

/** Finds the listener that a socket without an inode waits for, if one fits. */
const createFinder = ({ listeners }: Survey, scan: Found['scan']): ((sock: ProcSock) => Listener | null) => {
  const find = indexListeners(listeners);
  return (sock) => {
    const listener = find(sock);
    if (listener === null) return null;
    const { laddr, lport, inode } = listener;
    return { laddr, lport, holders: holdersOf(scan, inode) };
  };
};

const longer = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);

const sum = (surveys: readonly Survey[], of: (survey: Survey) => number): number =>
  surveys.reduce((total, each) => total + of(each), 0);

/** The sockets in CLOSE_WAIT. All are counted by their holder. The ones with the most unread bytes are listed. */
export const describeCloseWait = ({ surveys, scan, infos }: Found): HostFacts['close_wait'] => {
  const all: CloseWait[] = [];
  for (const each of surveys) {
    const netns = each.netns.inode;
    const listenerOf = createFinder(each, scan);
    for (const sock of each.closeWait.kept) {
      const info = infos.get(netns)?.get(socketKey(sock.laddr, sock.lport, sock.raddr, sock.rport));
      const isSame = info !== undefined && info.state === 'CLOSE-WAIT' && info.inode === sock.inode;
      all.push({
        ...tupleOf(netns, sock),
        inode: sock.inode === 0 ? null : sock.inode,
        unread_bytes: unreadBytes(sock),
        all_read: sock.rxQueue === 0,
        min_ms: isSame ? info.lastAckMs : null,
        max_ms: isSame ? info.lastRcvMs : null,
        holders: holdersOf(scan, sock.inode),
        holder_count: holderCount(scan, sock.inode),
        listener: sock.inode === 0 ? listenerOf(sock) : null,
      });
    }
  }
  return {
    count: sum(surveys, ({ closeWait }) => closeWait.count),
    not_accepted: sum(surveys, ({ closeWait }) => closeWait.notAccepted),
    unread_bytes: sum(surveys, ({ closeWait }) => closeWait.unreadBytes),
    by_holder: byHolder(all),
    listed: all
      .sort((a, b) => b.unread_bytes - a.unread_bytes || (b.min_ms ?? 0) - (a.min_ms ?? 0))
      .slice(0, MAX_LISTED),
  };
};

const byHolder = (all: readonly CloseWait[]): readonly CloseWaitGroup[] => {
  const groups = new Map<string, CloseWaitGroup>();
  for (const sock of all) {
    const holder = sock.holders?.[0] ?? null;
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

/** ESTABLISHED sockets without a process, by the reason. */
export const describeOwnerless = ({ surveys, scan, unheld }: Found): HostFacts['ownerless'] => {
  const all: Ownerless[] = [];
  let noFd = 0;
  for (const each of surveys) {
    const netns = each.netns.inode;
    const listenerOf = createFinder(each, scan);
    for (const sock of each.bare.kept) {
      const listener = listenerOf(sock);
      const why = listener === null ? 'no_socket' : 'not_accepted';
      all.push({ ...tupleOf(netns, sock), why, inode: null, unread_bytes: sock.rxQueue, listener });
    }
    for (const sock of unheld?.get(netns) ?? []) {
      noFd++;
      all.push({
        ...tupleOf(netns, sock),
        why: 'no_fd',
        inode: sock.inode,
        unread_bytes: sock.rxQueue,
        listener: null,
      });
    }
  }
  const bare = sum(surveys, (each) => each.bare.count);
  const notAccepted = sum(surveys, (each) => each.bare.notAccepted);
  return {
    count: unheld === null ? null : bare + noFd,
    not_accepted: notAccepted,
    no_socket: bare - notAccepted,
    no_fd: unheld === null ? null : noFd,
    listed: all.sort((a, b) => b.unread_bytes - a.unread_bytes).slice(0, MAX_LISTED),
  };
};
