import { type SkAddr, skAddr } from '../kernel/units.ts';

/** Addresses whose text is remembered: 2^15, so that 17 bits of a hash are too many. */
const SLOTS = 32_768;

/**
 * Texts of `struct sock` addresses, the same string for the same address while it is remembered. Several lines are
 * about each address, and the slab gives addresses out again: the string is made once, its hash counted once, and
 * found in a table by being the same.
 */
export const createAddresses = (): {
  /** @param digits - as many as the line had, 1 to 16: leading zeros belong to the text. Others give '' */
  readonly textOf: (hi: number, lo: number, digits: number) => SkAddr;
} => {
  const his = new Uint32Array(SLOTS);
  const los = new Uint32Array(SLOTS);
  const widths = new Uint8Array(SLOTS);
  const texts: SkAddr[] = new Array<SkAddr>(SLOTS).fill(skAddr(''));
  return {
    textOf: (hi, lo, digits) => {
      if (digits === 0 || digits > 16) return skAddr('');
      // Socks lie in slabs, all of one length, each at the start of a cache line.
      const slot = Math.imul((lo >>> 6) | (hi << 26), 0x9e3779b1) >>> 17;
      if (his[slot] === hi && los[slot] === lo && widths[slot] === digits) return texts[slot] as SkAddr;
      const text = skAddr(flat(digits > 8 ? hex(hi, digits - 8) + hex(lo, 8) : hex(lo, digits)));
      his[slot] = hi;
      los[slot] = lo;
      widths[slot] = digits;
      texts[slot] = text;
      return text;
    },
  };
};

const hex = (word: number, digits: number): string => word.toString(16).padStart(digits, '0');

/** In one piece: two halves held together cost three times the memory. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
