import type { SkAddr } from '../kernel/units.ts';

/** Addresses remembered at most, in each of two tables. Beyond that the ones not used for longest are forgotten. */
const MOST = 500_000;

/**
 * Numbers the lives at one address: 1, 2, …. An address that was out of use for very long starts again at 1.
 *
 * @param seed - a whole number of 32 bits that decides where addresses stand in the table: without it nobody can choose
 *   many that collide
 */
export const createGenerations = (most = MOST, seed = 0): { readonly next: (sk: SkAddr) => number } => {
  let young = new Counts(seed);
  let old = new Counts(seed);
  return {
    next: (sk) => {
      const split = Math.max(0, sk.length - 8);
      const hi = hexOf(sk, 0, split);
      const lo = hexOf(sk, split, sk.length);
      const known = young.get(hi, lo);
      const generation = (known === 0 ? old.get(hi, lo) : known) + 1;
      if (young.size >= most && known === 0) {
        old = young;
        young = new Counts(seed);
      }
      young.set(hi, lo, generation);
      return generation;
    },
  };
};

/** Counts by address in three words each, a quarter of what a Map of strings takes. Open addressing. */
class Counts {
  readonly #seed: number;
  #slots = 1024;
  #entries = new Uint32Array(3 * this.#slots);
  size = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** 0 where there is none. */
  get(hi: number, lo: number): number {
    return this.#entries[this.#find(hi, lo) + 2] as number;
  }

  set(hi: number, lo: number, count: number): void {
    if (this.size * 4 >= this.#slots * 3) this.#grow();
    const at = this.#find(hi, lo);
    if (this.#entries[at + 2] === 0) this.size++;
    this.#entries[at] = hi;
    this.#entries[at + 1] = lo;
    this.#entries[at + 2] = count;
  }

  #find(hi: number, lo: number): number {
    const entries = this.#entries;
    const mask = this.#slots - 1;
    const mixed = Math.imul(Math.imul(hi ^ this.#seed, 0x85ebca6b) ^ lo, 0x9e3779b1);
    for (let slot = (mixed >>> 8) & mask; ; slot = (slot + 1) & mask) {
      const at = 3 * slot;
      if (entries[at + 2] === 0 || (entries[at] === hi && entries[at + 1] === lo)) return at;
    }
  }

  #grow(): void {
    const before = this.#entries;
    this.#slots *= 2;
    this.#entries = new Uint32Array(3 * this.#slots);
    for (let at = 0; at < before.length; at += 3) {
      const count = before[at + 2] as number;
      if (count === 0) continue;
      const hi = before[at] as number;
      const lo = before[at + 1] as number;
      this.#entries.set([hi, lo, count], this.#find(hi, lo));
    }
  }
}

const hexOf = (text: string, from: number, to: number): number => {
  let value = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    value = (value << 4) | (code <= 57 ? code - 48 : code - 87);
  }
  return value >>> 0;
};
