/** A key and how often it came; a lower bound where there were more keys than room. */
export type Frequent<Value> = {
  readonly key: string;
  readonly count: number;
  readonly isExact: boolean;
  /** The value that came with the key for the first time. */
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

/** How many keys are counted apart. */
const MAX_KEYS = 1024;

/**
 * Counts keys in bounded space, and misses no key that came often, whenever it came (Misra and Gries): a key that
 * finds no room takes one from each count. Up to `maxKeys` keys all counts are exact; beyond that they are too low, by
 * at most one in `maxKeys` of all that came.
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
