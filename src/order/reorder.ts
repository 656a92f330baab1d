import type { TraceNs } from '../kernel/units.ts';

type Timed = { readonly at: TraceNs };

export type ReorderOptions<T extends Timed> = {
  /** How long, in ns of event time, an event may wait for an earlier one. */
  readonly windowNs: number;
  /** The window grows with the lateness it meets, up to this. */
  readonly maxWindowNs: number;
  /** Events held at most; above it the oldest go on, whatever the window says. */
  readonly maxHeld: number;
  readonly emit: (event: T, isLate: boolean) => void;
};

export type Reorder<T extends Timed> = {
  /** Takes an event. Only one from the kernel (`movesClock`) lets time pass: our own clock runs ahead of its buffers. */
  readonly push: (event: T, movesClock: boolean) => void;
  /** Gives everything on: the stream has ended. */
  readonly flush: () => void;
  readonly windowNs: () => number;
};

/**
 * Puts events back into the order of their time. bpftrace reads per-CPU buffers one after the other, so lines
 * arrive displaced by milliseconds (0.17) or microseconds (0.23 and later), by as long as a stall after one.
 *
 * A binary heap by (time, arrival); an event older than one already given on is given on at once, as late, and the
 * window doubles over its lateness. Nothing depends on the wall clock, so a replay orders as the live run did.
 */
export const createReorder = <T extends Timed>(options: ReorderOptions<T>): Reorder<T> => {
  const heap: T[] = [];
  const arrival: number[] = [];
  let arrivals = 0;
  let windowNs = options.windowNs;
  let newest = Number.NEGATIVE_INFINITY;
  let given = Number.NEGATIVE_INFINITY;

  const isBefore = (a: T, arrivedA: number, b: T, arrivedB: number): boolean =>
    a.at < b.at || (a.at === b.at && arrivedA < arrivedB);

  const insert = (event: T): void => {
    const arrived = arrivals++;
    let at = heap.length;
    heap.push(event);
    arrival.push(arrived);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as T;
      const aboveArrived = arrival[parent] as number;
      if (!isBefore(event, arrived, above, aboveArrived)) break;
      heap[at] = above;
      arrival[at] = aboveArrived;
      at = parent;
    }
    heap[at] = event;
    arrival[at] = arrived;
  };

  const remove = (): T => {
    const first = heap[0] as T;
    const last = heap.pop() as T;
    const lastArrived = arrival.pop() as number;
    const size = heap.length;
    if (size === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const right = child + 1;
      if (
        right < size &&
        isBefore(heap[right] as T, arrival[right] as number, heap[child] as T, arrival[child] as number)
      ) {
        child = right;
      }
      if (!isBefore(heap[child] as T, arrival[child] as number, last, lastArrived)) break;
      heap[at] = heap[child] as T;
      arrival[at] = arrival[child] as number;
      at = child;
    }
    heap[at] = last;
    arrival[at] = lastArrived;
    return first;
  };

  const give = (): void => {
    const event = remove();
    given = event.at;
    options.emit(event, false);
  };

  return {
    push: (event, movesClock) => {
      if (event.at < given) {
        windowNs = Math.min(options.maxWindowNs, Math.max(windowNs, 2 * (newest - event.at)));
        options.emit(event, true);
      } else {
        insert(event);
      }
      if (movesClock && event.at > newest) newest = event.at;
      while (heap.length > 0 && ((heap[0] as T).at <= newest - windowNs || heap.length > options.maxHeld)) give();
    },
    flush: () => {
      while (heap.length > 0) give();
    },
    windowNs: () => windowNs,
  };
};
