/** A kernel u64 in decimal. @param hex - its digits, without `0x` */
export const decimalOf = (hex: string): string =>
  hex.length <= 13 ? String(Number.parseInt(hex, 16)) : BigInt(`0x${hex}`).toString();
