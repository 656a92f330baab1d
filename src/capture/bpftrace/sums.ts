export type Sums = {
  readonly add: (count: number, about: string) => void;
  /** Tells everything not told yet. */
  readonly flush: () => void;
};

/**
 * Tells what happens over and over in sums: the first at once, then one sum every `everyMs`. bpftrace complains of each
 * update of a full map, hundreds of times a second, and a line for each would keep finwait from reading the rest.
 *
 * @param everyMs - the same is told at most this often
 * @param tell - takes how much there was since it was told before
 */
export const createSums = (everyMs: number, tell: (count: number, about: string) => void): Sums => {
  /** Everything told in this turn, and how much has come since. */
  const waiting = new Map<string, number>();
  let timer: NodeJS.Timeout | null = null;

  const turn = (): void => {
    for (const [about, count] of [...waiting]) {
      if (count === 0) {
        waiting.delete(about);
        continue;
      }
      waiting.set(about, 0);
      tell(count, about);
    }
    timer = waiting.size === 0 ? null : setTimeout(turn, everyMs);
  };

  return {
    add: (count, about) => {
      const before = waiting.get(about);
      if (before !== undefined) {
        waiting.set(about, before + count);
        return;
      }
      waiting.set(about, 0);
      tell(count, about);
      timer ??= setTimeout(turn, everyMs);
    },
    flush: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      const left = [...waiting];
      waiting.clear();
      for (const [about, count] of left) if (count > 0) tell(count, about);
    },
  };
};
