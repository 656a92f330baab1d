import { readFileSync, readlinkSync } from 'node:fs';
import type {
  Descriptor,
  HeldBy,
  InFlight,
  Keeper,
  MptcpState,
  Named,
  OpenHolder,
  OpenSocket,
  OpenSockets,
} from '../../kernel/open-socket.ts';
import { stateName, TCP } from '../../kernel/tcp-state.ts';
import { lacksCapability } from '../kernel/capabilities.ts';
import { commOf, type HolderScan, scanHolders, socketInode } from './holders.ts';
import { listSocks } from './list-socks.ts';
import { askMptcp } from './mptcp.ts';
import { listNetns, type Netns, ownNetns } from './netns.ts';
import { isOrphan, type ProcSock } from './proc-net-tcp.ts';
import { severalAtOnce } from './several.ts';
import { indexListeners, unreadBytes } from './socket-survey.ts';

/** Processes told of one socket. */
const MAX_HOLDERS = 100;
/** Generations that are looked at for a parent who has it open too. */
const MAX_ANCESTORS = 64;
/** @see Linux net/ipv4/tcp_ipv4.c, get_tcp4_sock and get_timewait4_sock */
const TIMER_KEEPALIVE = 2;
const TIMER_TIME_WAIT = 3;

export type IsWanted = (sock: ProcSock, netns: number) => boolean;

type Listed = { readonly netns: Netns; readonly sock: ProcSock; readonly listener: ProcSock | null };
type Found = { readonly netns: Netns; readonly socks: readonly ProcSock[] };
/** By inode, then by pid. */
type Opened = ReadonlyMap<number, ReadonlyMap<number, readonly Descriptor[]>>;

/**
 * The sockets that are not dying among those that somebody asks for, and who keeps each: every process with its
 * descriptors, an io_uring, an accept queue. It is read at one time, some 50 ms on an idle host.
 *
 * @param most - sockets told
 */
export const findOpenSockets = async (isWanted: IsWanted, most: number): Promise<OpenSockets> => {
  const notes: string[] = [];
  const { namespaces, refused } = listNetns();
  const found = await listAll(namespaces, notes);
  if (refused > 0) notes.push(`processes whose network namespace could not be asked for: ${refused}${lacksText()}`);
  const all = found.flatMap(({ netns, socks }) => listedOf(netns, socks, isWanted));
  const told = all.slice(0, most);
  const inodes = new Set(told.flatMap(({ sock, listener }) => [sock.inode, listener?.inode ?? 0]));
  inodes.delete(0);
  const first = await askProcesses(inodes);
  const missed = told.filter(({ sock }) => sock.inode !== 0 && !first.opened.has(sock.inode));
  // A socket may change hands, or be closed, while processes are asked: one scan more for those that nobody has.
  const second = missed.length === 0 ? null : await askProcesses(inodes);
  const scans = second === null ? [first] : [first, second];
  const incomplete = scans.find(({ scan }) => !scan.isComplete)?.scan.note;
  if (incomplete !== undefined && incomplete !== null) notes.push(incomplete + lacksText());
  const kept = second === null ? told : await stillThere(told, missed);
  const isWhole = incomplete === undefined;
  const connections = await severalAtOnce(kept, async ({ netns, sock }) =>
    isIn(scans, sock.inode) || sock.state === TCP.LISTEN ? null : askMptcp(netns, sock),
  );
  return {
    sockets: kept.map((listed, index) => describe(listed, scans, isWhole, connections[index] ?? null)),
    left: all.length - told.length,
    notes,
  };
};

const listAll = async (all: readonly Netns[], notes: string[]): Promise<readonly Found[]> => {
  const listed = await severalAtOnce(all, async (netns) => ({ netns, socks: await listSocks(netns) }));
  const found = listed.flatMap(({ netns, socks }) => (socks === null ? [] : [{ netns, socks }]));
  const unreadable = listed.length - found.length;
  if (unreadable > 0) notes.push(`network namespaces that could not be read: ${unreadable} of ${listed.length}`);
  return found;
};

const lacksText = (): string => (lacksCapability('CAP_SYS_PTRACE') ? ' (finwait lacks CAP_SYS_PTRACE)' : '');

/** A socket that has not begun to die. Requests of a handshake and minisocks are no sockets of anybody. */
const isOpen = (sock: ProcSock): boolean =>
  sock.state !== TCP.CLOSE && sock.state !== TCP.SYN_RECV && sock.timer !== TIMER_TIME_WAIT && !isOrphan(sock);

const listedOf = (netns: Netns, socks: readonly ProcSock[], isWanted: IsWanted): readonly Listed[] => {
  const find = indexListeners(socks.filter(({ state }) => state === TCP.LISTEN));
  return socks
    .filter((sock) => isOpen(sock) && isWanted(sock, netns.inode))
    .map((sock) => ({ netns, sock, listener: sock.inode === 0 ? find(sock) : null }));
};

/** Leaves out those of `missed` that were closed meanwhile, and takes the newest state of the others. */
const stillThere = async (told: readonly Listed[], missed: readonly Listed[]): Promise<readonly Listed[]> => {
  const again = await listAll([...new Set(missed.map(({ netns }) => netns))], []);
  return told.flatMap((listed) => {
    const relisted = missed.includes(listed) ? again.find(({ netns }) => netns === listed.netns) : undefined;
    if (relisted === undefined) return [listed];
    const sock = relisted.socks.find(({ inode }) => inode === listed.sock.inode);
    return sock === undefined ? [] : [{ ...listed, sock }];
  });
};

type Asked = {
  readonly scan: HolderScan;
  readonly opened: Opened;
  readonly urings: ReadonlyMap<number, readonly Keeper[]>;
  readonly inFlight: readonly InFlight[];
};

/** Asks all processes for descriptors, registered files and descriptors in flight. */
const askProcesses = async (inodes: ReadonlySet<number>): Promise<Asked> => {
  const opened = new Map<number, Map<number, Descriptor[]>>();
  const urings = new Map<number, Keeper[]>();
  const inFlight: InFlight[] = [];
  const onLink = (pid: number, table: string, name: string, link: string): void => {
    const fd = Number(name);
    const inode = socketInode(link);
    if (inode === null && link !== 'anon_inode:[io_uring]') return;
    const info = (): string => infoOf(`${table}info/${name}`);
    if (inode === null) {
      for (const registered of registeredIn(info())) {
        if (inodes.has(registered)) push(urings, registered, { pid, comm: commOf('/proc', pid), fd });
      }
    } else if (inodes.has(inode)) {
      const of = opened.get(inode) ?? new Map<number, Descriptor[]>();
      opened.set(inode, of);
      push(of, pid, { fd, close_on_exec: closesOnExec(info()) });
    } else {
      const count = scmFiles(info());
      if (count > 0) inFlight.push({ pid, comm: commOf('/proc', pid), fd, count });
    }
  };
  const scan = await scanHolders(inodes, { onLink });
  return { scan, opened, urings, inFlight };
};

const push = <K, V>(map: Map<K, V[]>, key: K, value: V): void => {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
};

const infoOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** O_CLOEXEC stands among the flags, in octal. @see Linux fs/proc/fd.c, seq_show */
const O_CLOEXEC = 0o2000000;
export const closesOnExec = (info: string): boolean | null => {
  const flags = /^flags:\s+([0-7]{1,12})$/m.exec(info)?.[1];
  return flags === undefined ? null : (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0;
};

/** Descriptors in the queue of a unix socket. @see Linux net/unix/af_unix.c, unix_show_fdinfo */
export const scmFiles = (info: string): number => Number(/^scm_fds:\s+(\d{1,9})$/m.exec(info)?.[1] ?? 0);

/** Inodes of the sockets that are registered with an io_uring. @see Linux io_uring/fdinfo.c */
export const registeredIn = (info: string): readonly number[] =>
  [...info.matchAll(/^\s+\d+: socket:\[(\d{1,15})\]$/gm)].map(([, inode]) => Number(inode));

const isIn = (scans: readonly Asked[], inode: number): boolean =>
  scans.some(({ opened, urings }) => opened.has(inode) || urings.has(inode));

const describe = (
  { netns, sock, listener }: Listed,
  scans: readonly Asked[],
  isWhole: boolean,
  mptcp: MptcpState | null,
): OpenSocket => {
  const { family, laddr, lport, raddr, rport, inode, state } = sock;
  const opened = scans.map((scan) => scan.opened.get(inode)).find((of) => of !== undefined);
  const urings = scans.map((scan) => scan.urings.get(inode)).find((of) => of !== undefined) ?? [];
  const isUnheld = opened === undefined && urings.length === 0;
  const heldBy = (): HeldBy => {
    if (opened !== undefined) return 'process';
    if (urings.length > 0) return 'io_uring';
    if (mptcp !== null) return 'mptcp';
    if (listener !== null) return 'accept_queue';
    return isWhole || inode === 0 ? 'no_process' : 'unknown';
  };
  return {
    netns: netns.inode,
    netns_path: wayTo(netns),
    is_own_netns: netns.inode === ownNetns(),
    ...{ family, laddr, lport, raddr, rport },
    state: stateName(state),
    inode: inode === 0 ? null : inode,
    unread_bytes: state === TCP.LISTEN ? 0 : unreadBytes(sock),
    unacked_bytes: sock.txQueue,
    has_keepalive: sock.timer === TIMER_KEEPALIVE,
    held_by: heldBy(),
    holders: holdersOf(opened ?? new Map()),
    holder_count: opened?.size ?? 0,
    io_urings: urings,
    in_flight: isUnheld && inode !== 0 ? (scans.at(-1)?.inFlight ?? []) : [],
    mptcp,
    listener:
      listener === null
        ? null
        : {
            laddr: listener.laddr,
            lport: listener.lport,
            holders: scans[0]?.scan.held.get(listener.inode)?.holders ?? [],
          },
  };
};

/** A file that leads into a namespace, and that a shell takes as it is. */
const wayTo = ({ inode, mounts, pids: [pid] }: Netns): string | null => {
  if (inode === ownNetns()) return null;
  const mount = mounts.find((path) => /^[\w./-]+$/.test(path));
  return mount ?? (pid === undefined ? null : `/proc/${pid}/ns/net`);
};

const holdersOf = (opened: ReadonlyMap<number, readonly Descriptor[]>): readonly OpenHolder[] =>
  [...opened.keys()]
    .sort((a, b) => a - b)
    .slice(0, MAX_HOLDERS)
    .map((pid) => {
      const fds = opened.get(pid) ?? [];
      const parent = parentOf(pid);
      return {
        pid,
        comm: commOf('/proc', pid),
        parent: parent === null ? null : named(parent),
        fds,
        inherited_from: inheritedFrom(pid, fds, opened),
        may_be_inherited:
          parent !== null && (fds.some((each) => each.close_on_exec !== true) || isSameProgram(pid, parent)),
      };
    });

/** True where it cannot be told, too. */
const isSameProgram = (pid: number, parent: number): boolean => {
  try {
    return readlinkSync(`/proc/${pid}/exe`) === readlinkSync(`/proc/${parent}/exe`);
  } catch {
    return true;
  }
};

const named = (pid: number): Named => ({ pid, comm: commOf('/proc', pid) });

const parentOf = (pid: number): number | null => {
  const parent = Number(/^PPid:\s+(\d{1,10})$/m.exec(infoOf(`/proc/${pid}/status`))?.[1] ?? 0);
  return parent === 0 ? null : parent;
};

const inheritedFrom = (
  pid: number,
  fds: readonly Descriptor[],
  opened: ReadonlyMap<number, readonly Descriptor[]>,
): number | null => {
  let ancestor = parentOf(pid);
  for (let step = 0; ancestor !== null && step < MAX_ANCESTORS; step++) {
    const theirs = opened.get(ancestor);
    if (theirs?.some(({ fd }) => fds.some((own) => own.fd === fd)) === true) return ancestor;
    ancestor = parentOf(ancestor);
  }
  return null;
};
