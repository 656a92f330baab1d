import TinyQueue from 'tinyqueue';
import type { TraceNs } from '../kernel/units.ts';
import type { Sock } from './sock.ts';

/** Ended ones that may stay in the queue before they are removed. */
const FEW = 64;

/** Socks whose close() waits for SO_LINGER, and until when at most: infinite where that is not known. */
export type Lingering = {
  readonly set: (sock: Sock, until: TraceNs) => void;
  readonly get: (sock: Sock) => TraceNs | undefined;
  readonly delete: (sock: Sock) => void;
  readonly count: () => number;
  /** Takes the next one whose wait is over at `now`, earliest first. `get` knows it until it is deleted. */
  readonly due: (now: TraceNs) => Sock | undefined;
};

type Waiting = { readonly sock: Sock; readonly until: TraceNs };

const earliestFirst = (a: Waiting, b: Waiting): number => a.until - b.until;

/** This is asked with every event, so no answer walks over all that linger. */
export const createLingering = (): Lingering => {
  const untils = new Map<Sock, TraceNs>();
  /** May hold some that have been deleted. */
  let queue = new TinyQueue<Waiting>([], earliestFirst);

  /** Without this the queue would hold one that ended early until its time. */
  const letGo = (): void => {
    if (queue.length <= FEW + 2 * untils.size) return;
    const kept = queue.data.filter(({ sock, until }) => untils.get(sock) === until);
    queue = new TinyQueue(kept, earliestFirst);
  };

  return {
    set: (sock, until) => {
      untils.set(sock, until);
      if (until !== Number.POSITIVE_INFINITY) queue.push({ sock, until });
    },
    get: (sock) => untils.get(sock),
    delete: (sock) => {
      untils.delete(sock);
      letGo();
    },
    count: () => untils.size,
    due: (now) => {
      for (let first = queue.peek(); first !== undefined && first.until <= now; first = queue.peek()) {
        queue.pop();
        if (untils.get(first.sock) === first.until) return first.sock;
      }
      return undefined;
    },
  };
};
