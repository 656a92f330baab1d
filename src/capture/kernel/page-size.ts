import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

/** @see Linux include/uapi/linux/auxvec.h */
const AT_PAGESZ = 6n;

/**
 * The page size that the kernel gave this process at its start.
 *
 * @param auxv - /proc/self/auxv of a 64-bit process: pairs of words
 * @returns null where it is not among them
 */
export const parseAuxv = (auxv: Uint8Array, isLittle = endianness() === 'LE'): number | null => {
  const view = new DataView(auxv.buffer, auxv.byteOffset, auxv.byteLength);
  for (let at = 0; at + 16 <= auxv.byteLength; at += 16) {
    if (view.getBigUint64(at, isLittle) === AT_PAGESZ) return Number(view.getBigUint64(at + 8, isLittle));
  }
  return null;
};

/** Bytes in a page here; null where /proc does not say. */
export const readPageBytes = (): number | null => {
  try {
    return parseAuxv(readFileSync('/proc/self/auxv'));
  } catch {
    return null;
  }
};
