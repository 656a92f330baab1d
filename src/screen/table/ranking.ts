import TinyQueue from 'tinyqueue';

/**
 * The key by which rows are ordered: a number, most first, or a word, from a to z. Those of one order are of one kind.
 * Null is unknown, and the last whichever way the order goes.
 */
export type Key = number | string | null;

/** The first `most` of all offered items. Equal items keep the order in which they were offered. */
export type Ranking<T> = {
  readonly offer: (item: T, key: Key) => void;
  /** True if an item with this key would be kept; otherwise there is no need to offer it. */
  readonly wants: (key: Key) => boolean;
  /**
   * Sorts the items, a piece at a time.
   *
   * @param isEnough - asked now and then: whether to stop for now
   * @returns the items, first one first; null if it was stopped: call again. Nothing can be offered any more
   */
  readonly sort: (isEnough: () => boolean) => readonly T[] | null;
};

/** Below 0 if `a` comes first. */
export const compareKeys = (a: Key, b: Key, isReversed = false): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return isReversed ? -compareKnown(a, b) : compareKnown(a, b);
};

const compareKnown = (a: number | string, b: number | string): number => {
  if (typeof a === 'number' && typeof b === 'number') return a > b ? -1 : a < b ? 1 : 0;
  return a < b ? -1 : a > b ? 1 : 0;
};

/** Items popped between two looks at the clock. */
const PIECE = 256;

type Kept<T> = { readonly item: T; readonly key: Key; readonly arrival: number };

/** A queue with the last kept item on top: an offered item replaces that one or is dropped. */
export const createRanking = <T>(most: number, isReversed = false): Ranking<T> => {
  const lastFirst = (a: Kept<T>, b: Kept<T>): number => compareKeys(b.key, a.key, isReversed) || b.arrival - a.arrival;
  const kept = new TinyQueue<Kept<T>>([], lastFirst);
  let offered = 0;
  let sorted: T[] | null = null;

  const wants = (key: Key): boolean => {
    if (kept.length < most) return true;
    const last = kept.peek();
    return last !== undefined && compareKeys(key, last.key, isReversed) < 0;
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
