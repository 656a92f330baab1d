/**
 * Text of an IPv4 address.
 *
 * @param word - a __be32 as a little-endian machine loads it
 */
export const ipv4Text = (word: number): string =>
  `${word & 0xff}.${(word >>> 8) & 0xff}.${(word >>> 16) & 0xff}.${word >>> 24}`;

/**
 * Text of an IPv6 address as RFC 5952 wants it, with the dotted form for mapped addresses, as `ss` prints it.
 *
 * @param words - four __be32 as a little-endian machine loads them
 */
export const ipv6Text = (words: readonly [number, number, number, number]): string => {
  if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff0000) return `::ffff:${ipv4Text(words[3])}`;
  const groups = words.flatMap((word) => {
    const swapped = swap32(word);
    return [swapped >>> 16, swapped & 0xffff];
  });
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
};

/** A __be16 as a little-endian machine loads it, the other way round. */
export const swap16 = (value: number): number => ((value & 0xff) << 8) | ((value >>> 8) & 0xff);

const swap32 = (value: number): number => ((swap16(value & 0xffff) << 16) | swap16(value >>> 16)) >>> 0;
