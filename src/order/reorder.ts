import type { TraceNs } from '../kernel/units.ts';
import { Ring } from './ring.ts';

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
 * An event older than one already given on is given on at once, as late, and the
 * window doubles over its lateness. Nothing depends on the wall clock, so a replay orders as the live run did.
 */
export const createReorder = <T extends Timed>(options: ReorderOptions<T>): Reorder<T> => {
  // Most events come in order and wait in a queue; the displaced ones in a binary heap. Both by (time, arrival).
  const queue = new Ring<T>();
  const heap: T[] = [];
  const heapAt: number[] = [];
  const heapArrival: number[] = [];
  let arrivals = 0;
  let windowNs = options.windowNs;
  let newest = Number.NEGATIVE_INFINITY;
  let given = Number.NEGATIVE_INFINITY;
  let lastQueued = Number.NEGATIVE_INFINITY;

  const place = (slot: number, event: T, at: number, arrival: number): void => {
    heap[slot] = event;
    heapAt[slot] = at;
    heapArrival[slot] = arrival;
  };

  const isBefore = (at: number, arrival: number, slot: number): boolean => {
    const other = heapAt[slot] as number;
    return at < other || (at === other && arrival < (heapArrival[slot] as number));
  };

  const insert = (event: T, arrival: number): void => {
    let slot = heap.length;
    place(slot, event, event.at, arrival);
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (!isBefore(event.at, arrival, parent)) break;
      place(slot, heap[parent] as T, heapAt[parent] as number, heapArrival[parent] as number);
      slot = parent;
    }
    place(slot, event, event.at, arrival);
  };

  const removeFirst = (): T => {
    const first = heap[0] as T;
    const last = heap.pop() as T;
    const at = heapAt.pop() as number;
    const arrival = heapArrival.pop() as number;
    const size = heap.length;
    if (size === 0) return first;
    let slot = 0;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && isBefore(heapAt[right] as number, heapArrival[right] as number, child)) child = right;
      if (isBefore(at, arrival, child)) break;
      place(slot, heap[child] as T, heapAt[child] as number, heapArrival[child] as number);
      slot = child;
    }
    place(slot, last, at, arrival);
    return first;
  };

  const held = (): number => heap.length + queue.size;

  /** Whether the earliest event held is the heap's and not the queue's. */
  const isHeapFirst = (): boolean =>
    heap.length > 0 && (queue.size === 0 || !isBefore(queue.first(), queue.second(), 0));

  const give = (isFromHeap: boolean): void => {
    const event = isFromHeap ? removeFirst() : (queue.shift() as T);
    given = event.at;
    options.emit(event, false);
  };

  const release = (): void => {
    const until = newest - windowNs;
    while (held() > 0) {
      const isFromHeap = isHeapFirst();
      const at = isFromHeap ? (heapAt[0] as number) : queue.first();
      if (at > until && held() <= options.maxHeld) return;
      give(isFromHeap);
    }
  };

  return {
    push: (event, movesClock) => {
      if (event.at < given) {
        windowNs = Math.min(options.maxWindowNs, Math.max(windowNs, 2 * (newest - event.at)));
        options.emit(event, true);
      } else if (event.at >= lastQueued) {
        lastQueued = event.at;
        queue.push(event, event.at, arrivals++);
      } else {
        insert(event, arrivals++);
      }
      if (movesClock && event.at > newest) newest = event.at;
      release();
    },
    flush: () => {
      while (held() > 0) give(isHeapFirst());
    },
    windowNs: () => windowNs,
  };
};
