import { TCP } from '../kernel/tcp-state.ts';
import { BOUNDS, ownText } from '../wire/bounds.ts';
import { type Destroy, type Tuple, VIA } from '../wire/event.ts';
import { parseAnnounce, SOCK } from '../wire/evidence.ts';
import { tupleOf } from './baseline.ts';
import type { Sock } from './sock.ts';

/** A socket that a minisock in FIN_WAIT2 has followed, and who closed it; null is unknown. */
export type Handover = Pick<Sock, 'sk' | 'generation'> & { readonly pid: number | null; readonly comm: string | null };

/** Sockets that minisocks in FIN_WAIT2 may have followed, the newest ones. */
export type Handovers = {
  /** The sock is destroyed. */
  readonly add: (sock: Sock, destroy: Destroy) => void;
  /** The newest of that tuple, once: a minisock that sends a reset is gone. */
  readonly take: (tuple: Tuple) => Handover | null;
};

type Kept = Pick<Sock, 'sk' | 'generation'> & { readonly line: string; readonly isCloseSeen: boolean };

/**
 * Lines are parsed when the first question comes, and not before: most hosts never have one.
 */
export const createHandovers = (): Handovers => {
  let unread: Kept[] = [];
  const byTuple = new Map<string, Handover>();

  const read = (): void => {
    for (const { sk, generation, line, isCloseSeen } of unread) {
      const detail = parseAnnounce(line);
      const tuple = tupleOf(detail);
      byTuple.delete(tuple);
      const pid = isCloseSeen ? detail.pid || null : null;
      const comm = isCloseSeen && detail.comm !== '' ? detail.comm : null;
      byTuple.set(tuple, { sk, generation, pid, comm });
    }
    unread = [];
    for (const oldest of byTuple.keys()) {
      if (byTuple.size <= BOUNDS.handovers) break;
      byTuple.delete(oldest);
    }
  };

  return {
    add: ({ sk, generation, announce, moves, resets }, { err, flags }) => {
      const last = moves.at(-1);
      const isHandover = last?.from === TCP.FIN_WAIT2 && last.to === TCP.CLOSE && err === 0 && resets.length === 0;
      if (!isHandover || (flags & SOCK.DONE) !== 0) return;
      unread.push({ sk, generation, line: ownText(announce.line), isCloseSeen: announce.via !== VIA.foundDead });
      if (unread.length >= 2 * BOUNDS.handovers) unread = unread.slice(-BOUNDS.handovers);
    },
    take: (tuple) => {
      read();
      const key = tupleOf(tuple);
      const found = byTuple.get(key) ?? null;
      byTuple.delete(key);
      return found;
    },
  };
};
