/** A kernel u64 in decimal. @param hex - its digits, without `0x` */
export const decimalOf = (hex: string): string =>
  hex.length <= 13 ? String(Number.parseInt(hex, 16)) : BigInt(`0x${hex}`).toString();

/** A kernel u64 in decimal, from its two halves. */
export const decimalOfHalves = (hi: number, lo: number): string =>
  hi === 0 && lo === 0
    ? '0'
    : hi < 0x20_0000
      ? String(hi * 0x1_0000_0000 + lo)
      : ((BigInt(hi) << 32n) | BigInt(lo)).toString();
