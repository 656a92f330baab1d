import type { TraceNs } from '../kernel/units.ts';
import { Ring } from './ring.ts';

/** Places of the newest time that came, of the last that was given on, of the last in the queue. */
const [NEWEST, GIVEN, QUEUED] = [0, 1, 2] as const;

type Timed = { readonly at: TraceNs };

export type ReorderOptions<T extends Timed> = {
  /** How long, in ns of event time, an event may wait for an earlier one. */
  readonly windowNs: number;
  /** The window grows with the lateness it meets, up to this. */
  readonly maxWindowNs: number;
  /** Events held at most; above it the oldest go on, whatever the window says. */
  readonly maxHeld: number;
  /** And this much weight, as `push` was told it; the same. */
  readonly maxWeight: number;
  readonly emit: (event: T, isLate: boolean) => void;
};

export type Reorder<T extends Timed> = {
  /**
   * Takes an event. Only one from the kernel (`movesClock`) lets time pass: our own clock runs ahead of its buffers.
   *
   * @param weight - memory that it takes while it waits, bytes
   */
  readonly push: (event: T, movesClock: boolean, weight: number) => void;
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
  const heap: (T | null)[] = [];
  const heapAt: number[] = [];
  const heapArrival: number[] = [];
  const heapWeight: number[] = [];
  /** How many the heap holds. Its arrays do not shrink: they would be made anew each time. */
  let heaped = 0;
  let arrivals = 0;
  let weightHeld = 0;
  let windowNs = options.windowNs;
  // A double that a closure keeps is a new object at each assignment; in an array of doubles it is none.
  const times = new Float64Array(3).fill(Number.NEGATIVE_INFINITY);

  const place = (slot: number, event: T, at: number, arrival: number, weight: number): void => {
    heap[slot] = event;
    heapWeight[slot] = weight;
    heapAt[slot] = at;
    heapArrival[slot] = arrival;
  };

  const move = (from: number, to: number): void =>
    place(to, heap[from] as T, heapAt[from] as number, heapArrival[from] as number, heapWeight[from] as number);

  const isBefore = (at: number, arrival: number, slot: number): boolean => {
    const other = heapAt[slot] as number;
    return at < other || (at === other && arrival < (heapArrival[slot] as number));
  };

  const insert = (event: T, at: number, arrival: number, weight: number): void => {
    let slot = heaped++;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (!isBefore(at, arrival, parent)) break;
      move(parent, slot);
      slot = parent;
    }
    place(slot, event, at, arrival, weight);
  };

  const removeFirst = (): T => {
    const first = heap[0] as T;
    const size = --heaped;
    const last = heap[size] as T;
    const at = heapAt[size] as number;
    const arrival = heapArrival[size] as number;
    const weight = heapWeight[size] as number;
    heap[size] = null;
    if (size === 0) return first;
    let slot = 0;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && isBefore(heapAt[right] as number, heapArrival[right] as number, child)) child = right;
      if (isBefore(at, arrival, child)) break;
      move(child, slot);
      slot = child;
    }
    place(slot, last, at, arrival, weight);
    return first;
  };

  const held = (): number => heaped + queue.size;

  /** Whether the earliest event held is the heap's and not the queue's. */
  const isHeapFirst = (): boolean =>
    heaped > 0 &&
    (queue.size === 0 || !isBefore(queue.first[queue.head] as number, queue.second[queue.head] as number, 0));

  const give = (isFromHeap: boolean): void => {
    times[GIVEN] = (isFromHeap ? heapAt[0] : queue.first[queue.head]) as number;
    weightHeld -= (isFromHeap ? heapWeight[0] : queue.third[queue.head]) as number;
    options.emit(isFromHeap ? removeFirst() : (queue.shift() as T), false);
  };

  const release = (): void => {
    const until = (times[NEWEST] as number) - windowNs;
    while (held() > 0) {
      const isFromHeap = isHeapFirst();
      const at = isFromHeap ? (heapAt[0] as number) : (queue.first[queue.head] as number);
      if (at > until && held() <= options.maxHeld && weightHeld <= options.maxWeight) return;
      give(isFromHeap);
    }
  };

  return {
    push: (event, movesClock, weight) => {
      // Asked once: events have many shapes, and each time a double is read out of one it is a new object.
      const { at } = event;
      if (at < (times[GIVEN] as number)) {
        windowNs = Math.min(options.maxWindowNs, Math.max(windowNs, 2 * ((times[NEWEST] as number) - at)));
        options.emit(event, true);
      } else if (at >= (times[QUEUED] as number)) {
        times[QUEUED] = at;
        weightHeld += weight;
        queue.push(event, at, arrivals++, weight);
      } else {
        weightHeld += weight;
        insert(event, at, arrivals++, weight);
      }
      if (movesClock && at > (times[NEWEST] as number)) times[NEWEST] = at;
      release();
    },
    flush: () => {
      while (held() > 0) give(isHeapFirst());
    },
    windowNs: () => windowNs,
  };
};
