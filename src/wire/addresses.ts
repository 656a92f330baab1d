import { type SkAddr, skAddr } from '../kernel/units.ts';

/** Places of an address, by 13 bits of its hash, and slots of a place. 2^15 addresses are remembered. */
const PLACE_BITS = 13;
const WAYS = 4;
const SLOTS = WAYS << PLACE_BITS;
/** The key of a slot's text: all of an address. */
const KEY = { hi: 0, lo: 1 } as const;
const KEY_WORDS = 2;
const DIGITS = 16;

/**
 * Texts of `struct sock` addresses: the same string for the same address while it is remembered. Several lines name
 * each address, and the slab gives addresses out again. So the string is made once, its hash is computed once, and
 * tables find it by identity.
 *
 * A place has four slots. Capture hides addresses by a hash: with one slot a place, one in seven of 5,000 addresses
 * would share its place with another, and the two would push each other out with every line.
 */
export const createAddresses = (): {
  /** @param digits - as many as the line had, 1 to 16: leading zeros belong to the text. Any other number gives '' */
  readonly textOf: (hi: number, lo: number, digits: number) => SkAddr;
} => {
  const keys = new Uint32Array(SLOTS * KEY_WORDS);
  const texts: SkAddr[] = new Array<SkAddr>(SLOTS).fill(skAddr(''));
  return {
    textOf: (hi, lo, digits) => {
      if (digits === 0 || digits > DIGITS) return skAddr('');
      // Neither an address of the kernel nor a hidden one. 0 is the key of a slot that is not taken.
      if (digits < DIGITS || (hi === 0 && lo === 0)) return madeOf(hi, lo, digits);
      // Recordings of wire version 1 may have addresses of slabs: all of one length, each at the start of a cache line.
      const place = WAYS * (Math.imul((lo >>> 6) | (hi << 26), 0x9e3779b1) >>> (32 - PLACE_BITS));
      for (let slot = place; slot < place + WAYS; slot++) {
        const at = slot * KEY_WORDS;
        if (keys[at + KEY.lo] === lo && keys[at + KEY.hi] === hi) return texts[slot] as SkAddr;
      }
      const text = madeOf(hi, lo, digits);
      // The newest in front: the one that was made longest ago goes.
      keys.copyWithin((place + 1) * KEY_WORDS, place * KEY_WORDS, (place + WAYS - 1) * KEY_WORDS);
      texts.copyWithin(place + 1, place, place + WAYS - 1);
      const at = place * KEY_WORDS;
      keys[at + KEY.hi] = hi;
      keys[at + KEY.lo] = lo;
      texts[place] = text;
      return text;
    },
  };
};

const madeOf = (hi: number, lo: number, digits: number): SkAddr =>
  skAddr(flat(digits > 8 ? hex(hi, digits - 8) + hex(lo, 8) : hex(lo, digits)));

const hex = (word: number, digits: number): string => word.toString(16).padStart(digits, '0');

/** In one piece: two halves held together take three times the memory. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
