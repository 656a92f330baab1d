import { HEX } from './scan.ts';

/** Characters of the longest line that has evidence, and room. */
const MOST = 1024;
const SPACE = 0x20;
const UTF8 = new TextEncoder();
const units = new Uint8Array(MOST + 1);
const room = units.subarray(0, MOST);

/**
 * Reads the hexadecimal words of a line that `Scan` has found good: ASCII, 1 to 16 digits each, with one space behind.
 * Checking nothing again saves half the time. Call it on decoded lines only. On anything else the result is garbage,
 * but it terminates.
 *
 * @param skip - words before, the letter being one
 * @param count - words to read: the high half of each, then the low one, go to `out`
 * @param bytes - bytes in hex behind them, separated by spaces; four of them become a word of `out`
 */
export const readKnown = (line: string, skip: number, count: number, bytes: number, out: Uint32Array): void => {
  units[UTF8.encodeInto(line, room).written] = 0;
  let at = 0;
  for (let i = 0; i < skip; i++) {
    while ((units[at] as number) > SPACE) at++;
    at++;
  }
  for (let i = 0; i < count; i++) {
    const start = at;
    const middle = start + 8;
    let first = 0;
    let digit = HEX[units[at] as number] as number;
    while (digit < 16 && at < middle) {
      first = (first << 4) | digit;
      digit = HEX[units[++at] as number] as number;
    }
    if (digit < 16) {
      let second = 0;
      while (digit < 16) {
        second = (second << 4) | digit;
        digit = HEX[units[++at] as number] as number;
      }
      const missing = 4 * (16 - (at - start));
      out[2 * i] = first >>> missing;
      out[2 * i + 1] = missing === 0 ? second : (first << (32 - missing)) | second;
    } else {
      out[2 * i] = 0;
      out[2 * i + 1] = first;
    }
    at++;
  }
  for (let i = 0; i < bytes / 4; i++) {
    let four = 0;
    for (let j = 0; j < 4; j++, at += 3) {
      four = (four << 8) | ((HEX[units[at] as number] as number) << 4) | (HEX[units[at + 1] as number] as number);
    }
    out[2 * count + i] = four;
  }
};
