import TinyQueue from 'tinyqueue';

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

type Kept<T> = { readonly item: T; readonly key: Key; readonly arrival: number };

const lastFirst = (a: Kept<unknown>, b: Kept<unknown>): number => compareKeys(b.key, a.key) || b.arrival - a.arrival;

/** A queue that has the last of the kept ones on top: what is offered either replaces that one or is no row. */
export const createRanking = <T>(most: number): Ranking<T> => {
  const kept = new TinyQueue<Kept<T>>([], lastFirst);
  let offered = 0;
  let sorted: T[] | null = null;

  const wants = (key: Key): boolean => {
    if (kept.length < most) return true;
    const last = kept.peek();
    return last !== undefined && compareKeys(key, last.key) < 0;
  };

  return {
    wants,
    offer: (item, key) => {
      const arrival = offered++;
      if (!wants(key)) return;
      if (kept.length === most) kept.pop();
      kept.push({ item, key, arrival });
    },
    sort: (isEnough) => {
      sorted ??= new Array<T>(kept.length);
      while (kept.length > 0) {
        for (let i = 0; i < PIECE; i++) {
          const last = kept.pop();
          if (last === undefined) break;
          sorted[kept.length] = last.item;
        }
        if (kept.length > 0 && isEnough()) return null;
      }
      return sorted;
    },
  };
};
