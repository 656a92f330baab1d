/** What rows are ordered by: numbers, most first, or words, from a to z. All keys of one order are of one kind. */
export type Key = number | string;

/** The first `most` of all that was offered; equal ones in the order in which they were offered. */
export type Ranking<T> = {
  readonly offer: (item: T, key: Key) => void;
  /** Whether one with this key would be kept; one that would not need not be offered. */
  readonly wants: (key: Key) => boolean;
  /**
   * Puts them in their order, a piece at a time.
   *
   * @param isEnough - asked now and then: whether to stop for now
   * @returns the items, first one first; null when it was stopped: call again. Nothing can be offered any more
   */
  readonly sort: (isEnough: () => boolean) => readonly T[] | null;
};

/** Below 0 when `a` comes first. */
export const compareKeys = (a: Key, b: Key): number => {
  if (typeof a === 'number' && typeof b === 'number') return a > b ? -1 : a < b ? 1 : 0;
  return a < b ? -1 : a > b ? 1 : 0;
};

/** Popped between two looks at the clock. */
const PIECE = 256;

/** A binary heap that has the last of the kept ones on top: what is offered either replaces that one or is no row. */
export const createRanking = <T>(most: number): Ranking<T> => {
  const items: T[] = [];
  const keys: Key[] = [];
  const arrivals: number[] = [];
  let offered = 0;
  let sorted: T[] | null = null;

  const place = (slot: number, item: T, key: Key, arrival: number): void => {
    items[slot] = item;
    keys[slot] = key;
    arrivals[slot] = arrival;
  };
  const move = (from: number, to: number): void => {
    place(to, items[from] as T, keys[from] as Key, arrivals[from] as number);
  };
  const isAfter = (key: Key, arrival: number, slot: number): boolean => {
    const order = compareKeys(key, keys[slot] as Key);
    return order > 0 || (order === 0 && arrival > (arrivals[slot] as number));
  };

  const rise = (item: T, key: Key, arrival: number): void => {
    let slot = items.length;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (!isAfter(key, arrival, parent)) break;
      move(parent, slot);
      slot = parent;
    }
    place(slot, item, key, arrival);
  };

  /** Puts one in the place of the top. */
  const sink = (item: T, key: Key, arrival: number): void => {
    const size = items.length;
    let slot = 0;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && isAfter(keys[right] as Key, arrivals[right] as number, child)) child = right;
      if (isAfter(key, arrival, child)) break;
      move(child, slot);
      slot = child;
    }
    place(slot, item, key, arrival);
  };

  const pop = (): T => {
    const top = items[0] as T;
    const item = items.pop() as T;
    const key = keys.pop() as Key;
    const arrival = arrivals.pop() as number;
    if (items.length > 0) sink(item, key, arrival);
    return top;
  };

  const wants = (key: Key): boolean => items.length < most || (most > 0 && compareKeys(key, keys[0] as Key) < 0);

  return {
    wants,
    offer: (item, key) => {
      const arrival = offered++;
      if (items.length < most) rise(item, key, arrival);
      else if (wants(key)) sink(item, key, arrival);
    },
    sort: (isEnough) => {
      sorted ??= new Array<T>(items.length);
      while (items.length > 0) {
        for (let i = 0; i < PIECE && items.length > 0; i++) {
          const at = items.length - 1;
          sorted[at] = pop();
        }
        if (items.length > 0 && isEnough()) return null;
      }
      return sorted;
    },
  };
};
