import type { Sock } from '../../lifecycle/sock.ts';
import type { Tracker } from '../../lifecycle/tracker.ts';
import { type Inventoried, VIA } from '../../wire/event.ts';
import { parseAnnounce } from '../../wire/evidence.ts';

type Tuple = Pick<Inventoried, 'netns' | 'laddr' | 'lport' | 'raddr' | 'rport'>;

/** All that an orphan of the inventory and the sock that it turns out to be have in common. */
const isSameTuple = (a: Tuple, b: Tuple): boolean =>
  a.rport === b.rport && a.lport === b.lport && a.netns === b.netns && a.raddr === b.raddr && a.laddr === b.laddr;

/** The orphan as the inventory has it now; null where an event of it has come, or it has gone. */
export const stillSilent = (tracker: Tracker, orphan: Inventoried): Inventoried | null => {
  for (const one of tracker.silent()) if (one === orphan || isSameTuple(one, orphan)) return one;
  return null;
};

/** Whether a sock so announced may be older than the capture. Until the inventory is in, its close may have been seen. */
const mayBeListed = (via: number, isListed: boolean): boolean => !isListed || via === VIA.late || via === VIA.destroy;

/**
 * Whether this sock is what an orphan of the inventory has shown itself to be.
 *
 * @param isListed - the inventory was in while it was silent: what was closed since is another socket
 */
export const isHeir = (sock: Sock, orphan: Inventoried, isListed: boolean): boolean =>
  mayBeListed(sock.announce.via, isListed) && isSameTuple(parseAnnounce(sock.announce.line), orphan);

/** The sock that is it; null where none is announced that has not been finished. */
export const heirOf = (tracker: Tracker, orphan: Inventoried, isListed: boolean): Sock | null => {
  for (const glimpse of tracker.glimpses()) {
    // Of the others no copy is made.
    if (!mayBeListed(glimpse.via, isListed)) continue;
    const sock = glimpse.sock();
    if (isHeir(sock, orphan, isListed)) return sock;
  }
  return null;
};
