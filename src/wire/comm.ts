/** A comm's bytes up to the first NUL, in hex with or without spaces. Bytes that are not UTF-8 become `\xNN`. */
export const commText = (hexBytes: string): string => textOf(Buffer.from(hexBytes.replaceAll(' ', ''), 'hex'));

const textOf = (bytes: Buffer): string => {
  const end = bytes.indexOf(0);
  const name = end < 0 ? bytes : bytes.subarray(0, end);
  const utf8 = name.toString('utf8');
  return utf8.includes('\ufffd')
    ? name.toString('latin1').replace(/[\u0080-\u00ff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`)
    : utf8;
};

/** Names already made, each at a place that its bytes give. A host has few names, and they come by the thousand. */
const SLOTS = 256;
const WORDS = 4;
const known = new Uint32Array(SLOTS * WORDS);
const texts = new Array<string>(SLOTS).fill('');

/** Makes the text of 16 bytes in words of four, from `at` on. */
export const commOfWords = (words: Uint32Array, at: number): string => {
  let hash = 0;
  for (let i = 0; i < WORDS; i++) hash = Math.imul(hash ^ (words[at + i] as number), 0x9e3779b1);
  const slot = hash >>> 24;
  let isKnown = true;
  for (let i = 0; i < WORDS; i++) if (known[slot * WORDS + i] !== words[at + i]) isKnown = false;
  if (isKnown) return texts[slot] as string;
  const bytes = Buffer.alloc(4 * WORDS);
  for (let i = 0; i < WORDS; i++) {
    bytes.writeUInt32BE(words[at + i] as number, 4 * i);
    known[slot * WORDS + i] = words[at + i] as number;
  }
  const text = textOf(bytes);
  texts[slot] = text;
  return text;
};
