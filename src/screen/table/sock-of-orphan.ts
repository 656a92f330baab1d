import type { Silent } from '../../lifecycle/baseline.ts';
import type { Sock } from '../../lifecycle/sock.ts';
import type { Tracker } from '../../lifecycle/tracker.ts';
import { VIA } from '../../wire/event.ts';
import { parseAnnounce } from '../../wire/evidence.ts';

type Tuple = Pick<Silent, 'netns' | 'laddr' | 'lport' | 'raddr' | 'rport'>;

/** True if both have the same endpoints: an orphan of the inventory and its sock share nothing else. */
const isSameTuple = (a: Tuple, b: Tuple): boolean =>
  a.rport === b.rport && a.lport === b.lport && a.netns === b.netns && a.raddr === b.raddr && a.laddr === b.laddr;

/** The orphan as the inventory lists it now; null if an event about it has come, or it has gone. */
export const stillSilent = (tracker: Tracker, orphan: Silent): Silent | null => {
  for (const one of tracker.silent()) if (one === orphan || isSameTuple(one, orphan)) return one;
  return null;
};

/**
 * True if a sock announced this way may be in the baseline. Until the inventory is complete, its close may have been
 * seen.
 */
const mayBeListed = (via: number, isListed: boolean): boolean =>
  !isListed || via === VIA.foundDead || via === VIA.destroy;

/**
 * True if an orphan of the inventory is this sock, now that events about it have come.
 *
 * @param isListed - the inventory was complete while the orphan was silent: a socket closed since then is another one
 */
export const isSockOfOrphan = (sock: Sock, orphan: Silent, isListed: boolean): boolean =>
  mayBeListed(sock.announce.via, isListed) && isSameTuple(parseAnnounce(sock.announce.line), orphan);

/** The sock of an orphan; null if no announced sock that is not finished matches. */
export const sockOfOrphan = (tracker: Tracker, orphan: Silent, isListed: boolean): Sock | null => {
  for (const view of tracker.views()) {
    // No copy of other socks is needed.
    if (!mayBeListed(view.via, isListed)) continue;
    const sock = view.sock();
    if (isSockOfOrphan(sock, orphan, isListed)) return sock;
  }
  return null;
};
