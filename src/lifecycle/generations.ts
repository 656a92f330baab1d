import type { SkAddr } from '../kernel/units.ts';

/** Addresses remembered at most, twice over; then the ones not used for longest are forgotten. */
const MOST = 500_000;

/** Numbers the lives at one address: 1, 2, …; starts again at 1 for an address out of use for very long. */
export const createGenerations = (most = MOST): { readonly next: (sk: SkAddr) => number } => {
  let young = new Map<SkAddr, number>();
  let old = new Map<SkAddr, number>();
  return {
    next: (sk) => {
      const generation = (young.get(sk) ?? old.get(sk) ?? 0) + 1;
      if (young.size >= most && !young.has(sk)) {
        old = young;
        young = new Map();
      }
      young.set(sk, generation);
      return generation;
    },
  };
};
