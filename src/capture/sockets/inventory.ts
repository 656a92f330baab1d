import { setTimeout as sleep } from 'node:timers/promises';
import { ownLine } from '../../wire/own-lines.ts';
import type { BootClock } from '../kernel/boot-clock.ts';
import { listSocks } from './list-socks.ts';
import { listNetns } from './netns.ts';
import { isOrphan, type ProcSock } from './proc-net-tcp.ts';

/** An orphan that a namespace lists; `netns` is the inode. */
export type ListedOrphan = { readonly netns: number; readonly sock: ProcSock };

type Inventory = {
  readonly orphans: readonly ListedOrphan[];
  readonly namespaces: number;
  /** Namespaces that could not be read. */
  readonly unreadable: number;
};

/**
 * The orphans that all reachable network namespaces list now. Never throws: namespaces that cannot be read are counted.
 */
const takeInventory = async (): Promise<Inventory> => {
  const namespaces = listNetns();
  const orphans: ListedOrphan[] = [];
  let unreadable = 0;
  for (const netns of namespaces) {
    const socks = await listSocks(netns);
    if (socks === null) unreadable++;
    else for (const sock of socks) if (isOrphan(sock)) orphans.push({ netns: netns.inode, sock });
  }
  return { orphans, namespaces: namespaces.length, unreadable };
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
const takeSettled = async (minAgeMs: number): Promise<Inventory> => {
  const first = await takeInventory();
  if (minAgeMs === 0) return first;
  const known = new Set(first.orphans.map(keyOf));
  await sleep(Math.min(minAgeMs, LONGEST_WAIT_MS) + SWEEP_MS);
  const second = await takeInventory();
  return {
    orphans: second.orphans.filter((orphan) => known.has(keyOf(orphan))),
    namespaces: second.namespaces,
    unreadable: Math.max(first.unreadable, second.unreadable),
  };
};

const keyOf = ({ netns, sock }: ListedOrphan): string =>
  [netns, sock.laddr, sock.lport, sock.raddr, sock.rport].join(' ');

/**
 * Puts the inventory into the stream: an `i` line for each orphan, then the `e` line.
 *
 * @param minAgeMs - the age at which the probes announce; 0 when they announce at once, and for every later inventory
 * @returns the orphans
 */
export const putInventory = async (
  clock: BootClock,
  put: (line: string) => void,
  minAgeMs = 0,
): Promise<readonly ListedOrphan[]> => {
  const attachedAt = clock.now();
  const { orphans, namespaces, unreadable } = await takeSettled(minAgeMs);
  for (const { netns, sock } of orphans) {
    const { family, laddr, lport, raddr, rport, state, retransmits, txQueue, timer, timerMs, probesOut } = sock;
    const tuple = [netns, family, laddr, lport, raddr, rport];
    put(ownLine.inventoried(clock.now(), [...tuple, state, retransmits, txQueue, timer, timerMs, probesOut]));
  }
  const listedAt = clock.now();
  put(ownLine.inventoryEnd(listedAt, listedAt - attachedAt, namespaces, unreadable));
  return orphans;
};
