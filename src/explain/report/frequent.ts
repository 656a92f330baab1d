/** A key and its count, which is a lower bound if there were more keys than room. */
export type Frequent<Value> = {
  readonly key: string;
  readonly count: number;
  readonly isExact: boolean;
  /** The value that came with the key the first time. */
  readonly value: Value;
  /** The key came with the same value each time. */
  readonly isOneValue: boolean;
};

export type FrequentKeys<Value> = {
  readonly add: (key: string, value: Value) => void;
  readonly countOf: (key: string) => number;
  /** The most frequent key that `isWanted`; among equally frequent ones the first in the order of their texts. */
  readonly largest: (isWanted?: (key: string) => boolean) => Frequent<Value> | null;
};

/** Number of keys with a count of their own. */
const MAX_KEYS = 1024;

/**
 * Counts keys in bounded space, and misses no frequent key, whenever it came (Misra and Gries): a key without room
 * takes one from each count. Up to `maxKeys` keys all counts are exact. Beyond that they are too low, by at most one in
 * `maxKeys` of all keys that came.
 */
export const createFrequent = <Value>(maxKeys = MAX_KEYS): FrequentKeys<Value> => {
  type Entry = { count: number; readonly value: Value; isOneValue: boolean };
  const entries = new Map<string, Entry>();
  let isExact = true;

  const makeRoom = (): void => {
    isExact = false;
    for (const [key, entry] of entries) {
      if (entry.count === 1) entries.delete(key);
      else entry.count--;
    }
  };

  return {
    add: (key, value) => {
      const entry = entries.get(key);
      if (entry !== undefined) {
        entry.count++;
        entry.isOneValue &&= entry.value === value;
      } else if (entries.size < maxKeys) {
        entries.set(key, { count: 1, value, isOneValue: true });
      } else {
        makeRoom();
      }
    },
    countOf: (key) => entries.get(key)?.count ?? 0,
    largest: (isWanted = () => true) => {
      let best: (Entry & { readonly key: string }) | null = null;
      for (const [key, entry] of entries) {
        if (!isWanted(key)) continue;
        const isMore = best === null || entry.count > best.count || (entry.count === best.count && key < best.key);
        if (isMore) best = { ...entry, key };
      }
      return best === null ? null : { ...best, isExact };
    },
  };
};
