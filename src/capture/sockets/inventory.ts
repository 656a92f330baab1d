import { setTimeout as sleep } from 'node:timers/promises';
import { ownLine } from '../../wire/own-lines.ts';
import type { BootClock } from '../kernel/boot-clock.ts';
import { lacksCapability } from '../kernel/capabilities.ts';
import { readOrphanGauge } from '../kernel/sockstat.ts';
import { listSocks } from './list-socks.ts';
import { listNetns } from './netns.ts';
import { isOrphan, type ProcSock } from './proc-net-tcp.ts';
import { severalAtOnce } from './several.ts';

/** An orphan that a namespace lists; `netns` is the inode. */
export type ListedOrphan = { readonly netns: number; readonly sock: ProcSock };

type Inventory = {
  readonly orphans: readonly ListedOrphan[];
  readonly namespaces: number;
  /** Namespaces that could not be read. All that may be behind processes that may not be asked count as one. */
  readonly unreadable: number;
};

/**
 * The orphans that all reachable network namespaces list now. Never throws: namespaces that cannot be read are counted.
 */
const takeInventory = async (
  signal: AbortSignal | undefined,
  isWanted: (inode: number) => boolean = () => true,
): Promise<Inventory> => {
  const all = listNetns();
  const namespaces = all.namespaces.filter(({ inode }) => isWanted(inode));
  if (hasNoOrphans()) return { orphans: [], namespaces: namespaces.length, unreadable: 0 };
  const listed = await severalAtOnce(
    namespaces,
    async (netns) =>
      (await listSocks(netns, { signal }))?.filter(isOrphan).map((sock) => ({ netns: netns.inode, sock })),
    signal,
  );
  // A few processes hide from everybody: a container's first one is one. Whole namespaces hide only from a finwait that
  // lacks the right to ask.
  const areHidden = all.refused > 0 && lacksCapability('CAP_SYS_PTRACE');
  return {
    orphans: listed.flatMap((orphans) => orphans ?? []),
    namespaces: namespaces.length,
    unreadable: listed.filter((orphans) => orphans === undefined).length + (areHidden ? 1 : 0),
  };
};

/**
 * True where the kernel's own count is 0: then no namespace has one, and none has to be read. The count is a sum over the
 * CPUs, and one read while a socket enters on one and leaves on another may be short by it: two such in a row are not
 * believed to be chance.
 */
const hasNoOrphans = (): boolean => {
  try {
    return readOrphanGauge().orphans === 0 && readOrphanGauge().orphans === 0;
  } catch {
    return false;
  }
};

/** A deferred announcement comes at most this long after the age, ms. */
const SWEEP_MS = 60;
/**
 * The inventory waits no longer than this for announcements, ms. Only sockets closed during its first reading are in
 * question.
 */
const LONGEST_WAIT_MS = 2000;

/**
 * The orphans that two readings list. A listed socket that was closed after the probes attached needs no line of the
 * inventory: by the second reading it has been announced, or has died and was counted.
 */
const takeSettled = async (minAgeMs: number, signal: AbortSignal | undefined): Promise<Inventory> => {
  const first = await takeInventory(signal);
  if (minAgeMs === 0 || first.orphans.length === 0) return first;
  const known = new Set(first.orphans.map(keyOf));
  await sleep(Math.min(minAgeMs, LONGEST_WAIT_MS) + SWEEP_MS);
  const netns = new Set(first.orphans.map((orphan) => orphan.netns));
  const second = await takeInventory(signal, (inode) => netns.has(inode));
  return {
    orphans: second.orphans.filter((orphan) => known.has(keyOf(orphan))),
    namespaces: first.namespaces,
    unreadable: Math.max(first.unreadable, second.unreadable),
  };
};

const keyOf = ({ netns, sock }: ListedOrphan): string =>
  [netns, sock.laddr, sock.lport, sock.raddr, sock.rport].join(' ');

/**
 * Puts the inventory into the stream: an `i` line for each orphan, then the `e` line.
 *
 * @param minAgeMs - the age at which the probes announce; 0 when they announce at once, and for every later inventory
 * @param signal - aborted: what was not read yet stays unread, and nothing is put
 * @returns the orphans
 */
export const putInventory = async (
  clock: BootClock,
  put: (line: string) => void,
  minAgeMs = 0,
  signal?: AbortSignal,
): Promise<readonly ListedOrphan[]> => {
  const attachedAt = clock.now();
  const { orphans, namespaces, unreadable } = await takeSettled(minAgeMs, signal);
  if (signal?.aborted === true) return [];
  for (const { netns, sock } of orphans) {
    const { family, laddr, lport, raddr, rport, state, retransmits, txQueue, timer, timerMs, probesOut } = sock;
    const tuple = [netns, family, laddr, lport, raddr, rport];
    put(ownLine.inventoried(clock.now(), [...tuple, state, retransmits, txQueue, timer, timerMs, probesOut]));
  }
  const listedAt = clock.now();
  put(ownLine.inventoryEnd(listedAt, listedAt - attachedAt, namespaces, unreadable));
  return orphans;
};
