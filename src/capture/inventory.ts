import { ownLine } from '../wire/own-lines.ts';
import type { BootClock } from './boot-clock.ts';
import { readNetTables } from './net-tables.ts';
import { listNetns } from './netns.ts';
import { isOrphan, type ProcSock, parseProcNetTcp } from './proc-net-tcp.ts';

type Inventory = {
  readonly orphans: readonly { readonly netns: number; readonly sock: ProcSock }[];
  readonly namespaces: number;
  /** Namespaces that could not be read. */
  readonly unreadable: number;
};

/** The orphans that every reachable network namespace lists now. Never throws: what cannot be read is counted. */
const takeInventory = async (): Promise<Inventory> => {
  const namespaces = listNetns();
  const orphans: { netns: number; sock: ProcSock }[] = [];
  let unreadable = 0;
  for (const netns of namespaces) {
    const text = await readNetTables(netns);
    if (text === null) unreadable++;
    else for (const sock of parseProcNetTcp(text)) if (isOrphan(sock)) orphans.push({ netns: netns.inode, sock });
  }
  return { orphans, namespaces: namespaces.length, unreadable };
};

/** Puts the inventory into the stream: an `i` line an orphan, then the `e` line. */
export const putInventory = async (clock: BootClock, put: (line: string) => void): Promise<void> => {
  const attachedAt = clock.now();
  const { orphans, namespaces, unreadable } = await takeInventory();
  for (const { netns, sock } of orphans) {
    const { family, laddr, lport, raddr, rport, state, retransmits, txQueue, timer, timerMs, probesOut } = sock;
    const tuple = [netns, family, laddr, lport, raddr, rport];
    put(ownLine.inventoried(clock.now(), [...tuple, state, retransmits, txQueue, timer, timerMs, probesOut]));
  }
  const listedAt = clock.now();
  put(ownLine.inventoryEnd(listedAt, listedAt - attachedAt, namespaces, unreadable));
};
