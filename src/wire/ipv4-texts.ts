import { ipv4Text } from '../kernel/address.ts';

/** Addresses whose text is remembered, each at a place that its number gives: 2^12. */
const SLOTS = 4096;
const words = new Uint32Array(SLOTS);
const texts = new Array<string>(SLOTS).fill(ipv4Text(0));

/** `ipv4Text`, made once for an address that comes often. */
export const rememberedIpv4Text = (word: number): string => {
  const slot = (Math.imul(word, 0x9e3779b1) >>> 20) & (SLOTS - 1);
  if (words[slot] !== word) {
    words[slot] = word;
    texts[slot] = ipv4Text(word);
  }
  return texts[slot] as string;
};
