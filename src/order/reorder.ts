import TinyQueue from 'tinyqueue';
import type { TraceNs } from '../kernel/units.ts';
import { Ring } from './ring.ts';
import { createWatermarks } from './watermarks.ts';

/** Places of the newest time that came, of the last that was given on, of the last in the queue. */
const [NEWEST, GIVEN, QUEUED] = [0, 1, 2] as const;

/** A displaced event. */
type Waiting<T> = { readonly event: T; readonly at: number; readonly arrival: number; readonly weight: number };
const earliestFirst = (a: Waiting<unknown>, b: Waiting<unknown>): number => a.at - b.at || a.arrival - b.arrival;

type Timed = { readonly at: TraceNs };

export type ReorderOptions<T extends Timed> = {
  /** An event may wait this long for an earlier one, in ns of event time, where lines do not tell their CPUs. */
  readonly windowNs: number;
  /** The window grows with the disorder it meets, up to this. */
  readonly maxWindowNs: number;
  /** Events held at most; above it the oldest go on, whatever the window says. */
  readonly maxHeld: number;
  /** The queue also holds at most this much weight, as `push` was told it. */
  readonly maxWeight: number;
  /** CPUs that are told apart at most. */
  readonly maxCpus: number;
  readonly emit: (event: T, isOutOfOrder: boolean) => void;
};

export type Reorder<T extends Timed> = {
  /**
   * Takes an event. Only one from the kernel (`movesClock`) lets time pass: our own clock runs ahead of its buffers.
   *
   * @param weight - memory that it takes while it waits, bytes
   * @param cpu - the CPU that printed it: its number + 1; 0: not said
   */
  readonly push: (event: T, movesClock: boolean, weight: number, cpu: number) => void;
  /** Takes the word of how far the CPUs were after `at`. @see Watermarks */
  readonly progress: (at: TraceNs, cpus: readonly number[]) => void;
  /** Gives everything on: the stream has ended. */
  readonly flush: () => void;
  readonly windowNs: () => number;
};

/**
 * Puts events back into the order of their time. bpftrace reads per-CPU buffers one after the other, so lines
 * arrive displaced by milliseconds (0.17) or microseconds (0.23 and later), and by seconds where the host is short of
 * CPU. Each CPU's lines alone are in order.
 *
 * From wire version 4 on lines tell their CPU, and bpftrace says ten times a second how far each CPU is: an event goes
 * on when all CPUs are past it (`watermarks.ts`). It waits for as long as that takes. Only memory bounds it: beyond
 * `maxHeld` and `maxWeight` the oldest go on.
 *
 * Lines of versions before that wait for a window of event time. An event older than one already given on goes on at once, marked as out
 * of order, and the window grows to twice its delay. Nothing depends on the wall clock, so a replay orders as the live
 * run did.
 */
export const createReorder = <T extends Timed>(options: ReorderOptions<T>): Reorder<T> => {
  // Most events come in order and wait in a queue; the displaced ones in another, by tinyqueue. Both by (time, arrival).
  const queue = new Ring<T>();
  const marks = createWatermarks(options.maxCpus);
  const displaced = new TinyQueue<Waiting<T>>([], earliestFirst);
  let arrivals = 0;
  let weightHeld = 0;
  let windowNs = options.windowNs;
  // A double that a closure keeps is a new object at each assignment; in an array of doubles it is none.
  const times = new Float64Array(3).fill(Number.NEGATIVE_INFINITY);

  const held = (): number => displaced.length + queue.size;

  /** The earliest of the displaced, where no earlier event is in the queue. */
  const firstDisplaced = (): Waiting<T> | null => {
    const first = displaced.peek();
    if (first === undefined) return null;
    if (queue.size === 0) return first;
    const at = queue.first[queue.head] as number;
    return at < first.at || (at === first.at && (queue.second[queue.head] as number) < first.arrival) ? null : first;
  };

  const give = (first: Waiting<T> | null): void => {
    if (first === null) {
      times[GIVEN] = queue.first[queue.head] as number;
      weightHeld -= queue.third[queue.head] as number;
      options.emit(queue.shift() as T, false);
      return;
    }
    displaced.pop();
    times[GIVEN] = first.at;
    weightHeld -= first.weight;
    options.emit(first.event, false);
  };

  const release = (): void => {
    const known = marks.until();
    const until = Number.isNaN(known) ? (times[NEWEST] as number) - windowNs : known;
    while (held() > 0) {
      const first = firstDisplaced();
      const at = first === null ? (queue.first[queue.head] as number) : first.at;
      if (at > until && held() <= options.maxHeld && weightHeld <= options.maxWeight) return;
      give(first);
    }
  };

  return {
    push: (event, movesClock, weight, cpu) => {
      // Asked once: events have many shapes, and each time a double is read out of one it is a new object.
      const { at } = event;
      if (movesClock) marks.heard(cpu, at);
      else marks.own(at);
      if (at < (times[GIVEN] as number)) {
        windowNs = Math.min(options.maxWindowNs, Math.max(windowNs, 2 * ((times[NEWEST] as number) - at)));
        options.emit(event, true);
      } else if (at >= (times[QUEUED] as number)) {
        times[QUEUED] = at;
        weightHeld += weight;
        queue.push(event, at, arrivals++, weight);
      } else {
        weightHeld += weight;
        displaced.push({ event, at, arrival: arrivals++, weight });
      }
      if (movesClock && at > (times[NEWEST] as number)) times[NEWEST] = at;
      release();
    },
    progress: (at, cpus) => {
      marks.told(at, cpus);
      if (at > (times[NEWEST] as number)) times[NEWEST] = at;
      release();
    },
    flush: () => {
      while (held() > 0) give(firstDisplaced());
    },
    windowNs: () => windowNs,
  };
};
