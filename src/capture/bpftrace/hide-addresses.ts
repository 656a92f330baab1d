import { createHmac, randomBytes } from 'node:crypto';
import { Transform } from 'node:stream';
import { HEX } from '../../wire/scan.ts';
import { lineOf } from '../../wire/schema.ts';

/** Addresses whose text is remembered: 2^16, half the bits of a hash. */
const SLOTS = 65_536;
const DIGITS = 16;
/**
 * A slot has the hidden form of an address, and the address itself. Each is 16 digits in four words, as it is written.
 */
const SLOT = { hidden: 0, digits: 4 } as const;
const SLOT_WORDS = 8;
/** A longer line is none of the probes': the part of it that is held is passed on. */
const MOST_HELD = 1 << 20;
const [LINE_BREAK, SPACE, ZERO] = [0x0a, 0x20, 0x30];
/** Letters of the lines whose second field is a `struct sock`, after the time. */
const OF_SOCKS = new Uint8Array(256);
for (const letter of 'ABDLRSWX') OF_SOCKS[letter.charCodeAt(0)] = 1;
/** Letter of a line that holds no address of a sock, and words of IPv6 that look like one. */
const MINISOCK_RESET = 'M'.charCodeAt(0);
/** A whole one: the time, then words in hex. */
const MINISOCK_LINE = new RegExp(`^M \\d{1,20}(?: [0-9a-f]{1,16}){${lineOf('minisock_reset').words.length - 1}}$`);
/** Kernel addresses, and pieces that are long enough to tell something; decimal ones too: from 2^64 - 2^47 on. */
const KERNEL_ADDRESS = /ffff[0-9a-f]{4,}|\b1844\d{16}\b/g;
/** A line that was broken off may end amid one. */
const START_OF_ADDRESS = /(?:f{1,4}|ffff[0-9a-f]*|1844\d*)$/;

/**
 * A stream of bpftrace's stdout in which no line tells where anything lies in the kernel's memory: that would tell a reader
 * of the recording what KASLR hides. Each address of a sock becomes 16 hexadecimal digits, the same for the same address
 * for as long as this stream lives: a keyed hash, HMAC-SHA256 cut to 63 bits. The first bit is 0, so that none looks like a
 * kernel address. `0`, no sock, stays. Lines about no sock, and torn ones, lose everything that looks like an address.
 *
 * Digits are replaced where they stand, before the bytes become text: a line costs a tenth of what it costs to put a
 * string together anew.
 *
 * @param key - secret, and of this run alone: no two runs have the same text for an address
 */
export const hideAddresses = (key: Uint8Array = randomBytes(32)): Transform => {
  const slots = new Uint32Array(SLOTS * SLOT_WORDS);

  /** @param view - of the same bytes */
  const hide = (bytes: Buffer, view: DataView, from: number): boolean => {
    const first = view.getUint32(from);
    const second = view.getUint32(from + 4);
    const third = view.getUint32(from + 8);
    const fourth = view.getUint32(from + 12);
    const at = slotOf(second, third, fourth);
    // A slot never written has 0 for its first word, which no hidden form has.
    const isKnown =
      slots[at + SLOT.hidden] !== 0 &&
      slots[at + SLOT.digits + 3] === fourth &&
      slots[at + SLOT.digits + 2] === third &&
      slots[at + SLOT.digits + 1] === second &&
      slots[at + SLOT.digits] === first;
    if (!isKnown) {
      for (let i = from; i < from + DIGITS; i++) if ((HEX[bytes[i] as number] as number) > 15) return false;
      slots.set(hashed(bytes.subarray(from, from + DIGITS)), at + SLOT.hidden);
      slots.set([first, second, third, fourth], at + SLOT.digits);
    }
    for (let i = 0; i < 4; i++) view.setUint32(from + 4 * i, slots[at + SLOT.hidden + i] as number);
    return true;
  };

  /** The hidden form of 16 digits, four characters a word. */
  const hashed = (digits: Uint8Array): readonly number[] => {
    const hash = createHmac('sha256', key).update(digits).digest();
    hash[0] = (hash[0] as number) & 0x7f;
    const text = Buffer.from(hash.toString('hex', 0, DIGITS / 2), 'latin1');
    return [0, 4, 8, 12].map((from) => text.readUInt32BE(from));
  };

  /** @param end - where its line break stands */
  const hideInLine = (bytes: Buffer, view: DataView, start: number, end: number): void => {
    if (OF_SOCKS[bytes[start] as number] === 1 && bytes[start + 1] === SPACE) {
      let at = start + 2;
      while (at < end && bytes[at] !== SPACE) at++;
      at++;
      const after = at + DIGITS;
      if (after <= end && (after === end || bytes[after] === SPACE) && hide(bytes, view, at)) return;
      if (bytes[at] === ZERO && bytes[at + 1] === SPACE) return;
    }
    if (bytes[start] === MINISOCK_RESET && MINISOCK_LINE.test(bytes.toString('latin1', start, end))) return;
    replaceAll(bytes, start, end, KERNEL_ADDRESS);
  };

  let begun = Buffer.alloc(0);

  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let rest = chunk;
      if (begun.length > 0) {
        const end = chunk.indexOf(LINE_BREAK);
        const first = Buffer.concat([begun, end < 0 ? chunk : chunk.subarray(0, end + 1)]);
        if (end < 0 && first.length <= MOST_HELD) {
          begun = first;
          done();
          return;
        }
        hideInLine(first, viewOf(first), 0, end < 0 ? first.length : first.length - 1);
        this.push(first);
        rest = end < 0 ? chunk.subarray(chunk.length) : chunk.subarray(end + 1);
      }
      const view = viewOf(rest);
      let start = 0;
      for (let end = rest.indexOf(LINE_BREAK); end >= 0; end = rest.indexOf(LINE_BREAK, start)) {
        hideInLine(rest, view, start, end);
        start = end + 1;
      }
      // A copy: a piece would hold the whole chunk.
      begun = Buffer.from(rest.subarray(start));
      if (start > 0) this.push(rest.subarray(0, start));
      done();
    },
    flush(done) {
      replaceAll(begun, 0, begun.length, START_OF_ADDRESS);
      replaceAll(begun, 0, begun.length, KERNEL_ADDRESS);
      this.push(begun);
      done();
    },
  });
};

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/**
 * The place where the slot of an address begins, by its last twelve digits. Socks lie in slabs, all of one length, each
 * at the start of a cache line.
 */
const slotOf = (second: number, third: number, fourth: number): number => {
  const lo = (hex4(third) << 16) | hex4(fourth);
  return SLOT_WORDS * (Math.imul((lo >>> 6) | (hex4(second) << 26), 0x9e3779b1) >>> 16);
};

/** Four hexadecimal digits, as a word has them; any number for other characters. */
const hex4 = (word: number): number => {
  const digits = (word & 0x0f0f0f0f) + 9 * ((word >>> 6) & 0x01010101);
  const pairs = (digits | (digits >>> 4)) & 0x00ff00ff;
  return (pairs | (pairs >>> 8)) & 0xffff;
};

/** Zeros in place of what `pattern` finds. */
const replaceAll = (bytes: Buffer, start: number, end: number, pattern: RegExp): void => {
  const text = bytes.toString('latin1', start, end);
  const hidden = text.replace(pattern, (found) => '0'.repeat(found.length));
  if (hidden !== text) bytes.write(hidden, start, text.length, 'latin1');
};
