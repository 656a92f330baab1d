import type { TraceNs } from '../kernel/units.ts';
import type { Sock } from './sock.ts';

/** Ended ones among those in the heap, before they are let go of. */
const FEW = 64;

/** Socks whose close() waits for SO_LINGER, and until when at most; infinite where that is not known. */
export type Lingering = {
  readonly set: (sock: Sock, until: TraceNs) => void;
  readonly get: (sock: Sock) => TraceNs | undefined;
  readonly delete: (sock: Sock) => void;
  readonly count: () => number;
  /** Takes the next one that waits no longer at `now`, earliest first; `get` knows it until it is deleted. */
  readonly due: (now: TraceNs) => Sock | undefined;
};

type Waiting = { readonly sock: Sock; readonly until: TraceNs };

/** Asked with every event, so none of its answers walks over all that linger: a heap by `until`. */
export const createLingering = (): Lingering => {
  const untils = new Map<Sock, TraceNs>();
  /** Holds some that have been deleted. */
  let heap: Waiting[] = [];

  const insert = (waiting: Waiting): void => {
    let slot = heap.length;
    for (; slot > 0; slot = (slot - 1) >> 1) {
      const parent = heap[(slot - 1) >> 1] as Waiting;
      if (parent.until <= waiting.until) break;
      heap[slot] = parent;
    }
    heap[slot] = waiting;
  };

  const removeFirst = (): void => {
    const last = heap.pop() as Waiting;
    if (heap.length === 0) return;
    let slot = 0;
    for (;;) {
      const left = 2 * slot + 1;
      const [one, other] = [heap[left], heap[left + 1]];
      if (one === undefined) break;
      const isOther = other !== undefined && other.until < one.until;
      const child = isOther ? other : one;
      if (last.until <= child.until) break;
      heap[slot] = child;
      slot = isOther ? left + 1 : left;
    }
    heap[slot] = last;
  };

  /** One that ended long before its time would be held until then. */
  const letGo = (): void => {
    if (heap.length <= FEW + 2 * untils.size) return;
    const kept = heap.filter(({ sock, until }) => untils.get(sock) === until);
    heap = [];
    for (const waiting of kept) insert(waiting);
  };

  return {
    set: (sock, until) => {
      untils.set(sock, until);
      if (until !== Number.POSITIVE_INFINITY) insert({ sock, until });
    },
    get: (sock) => untils.get(sock),
    delete: (sock) => {
      untils.delete(sock);
      letGo();
    },
    count: () => untils.size,
    due: (now) => {
      for (let first = heap[0]; first !== undefined && first.until <= now; first = heap[0]) {
        removeFirst();
        if (untils.get(first.sock) === first.until) return first.sock;
      }
      return undefined;
    },
  };
};
