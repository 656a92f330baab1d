/** Characters of a line that are read one by one: more than any line of digits has. Text lies beyond. */
const MOST = 4096;

/**
 * A cursor over one wire line. It reads fields without allocating, and never throws. The first bad field marks the
 * whole line as bad; the caller asks once, at the end.
 *
 * A line is a slice of a chunk, and charCodeAt looks up slice and chunk for each character anew. So the characters are
 * copied once and read from there, which takes a third of the time.
 */
export class Scan {
  readonly #units = new Uint8Array(MOST + 1);
  readonly #room = this.#units.subarray(0, MOST);
  #line = '';
  #at = 0;
  readonly #halves = new Uint32Array(2);
  /** The decimal field read last. */
  above = 0;
  below = 0;
  /** The number of digits that the hexadecimal field read last had. */
  digits = 0;
  ok = true;

  /**
   * High and low half of the hexadecimal field read last. They are in an array of integers, where a small number stays
   * small. A property that once held 2^31 would give a double, and take 16 bytes more in every object that holds it.
   */
  get hi(): number {
    return this.#halves[0] as number;
  }

  get lo(): number {
    return this.#halves[1] as number;
  }

  /** Starts after the line's letter and its space. */
  start(line: string): this {
    const units = this.#units;
    const { written } = UTF8.encodeInto(line, this.#room);
    if (written === line.length) units[written] = 0;
    else copyUnits(line, units);
    this.#line = line;
    this.#at = 2;
    this.ok = line.length > 1 && units[1] === SPACE;
    return this;
  }

  /** An unsigned hexadecimal field of up to 16 digits, into `hi` and `lo`. */
  hex(): void {
    const units = this.#units;
    const start = this.#at;
    let at = start;
    let first = 0;
    let digit = HEX[units[at] as number] as number;
    const middle = start + 8;
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
      this.#halves[0] = first >>> missing;
      this.#halves[1] = missing === 0 ? second : (first << (32 - missing)) | second;
    } else {
      this.#halves[0] = 0;
      this.#halves[1] = first;
    }
    this.digits = at - start;
    this.#end(at, this.digits, 16);
  }

  /** Passes over hexadecimal fields of up to 16 digits, and checks them. */
  skipHex(fields: number): void {
    const units = this.#units;
    const length = this.#line.length;
    let at = this.#at;
    let isGood = true;
    for (let i = 0; i < fields; i++) {
      const start = at;
      while ((HEX[units[at] as number] as number) < 16) at++;
      const digits = at - start;
      if (digits === 0 || digits > 16 || (units[at] !== SPACE && at !== length)) isGood = false;
      at++;
    }
    if (!isGood || at > length + 1) this.ok = false;
    this.#at = at;
  }

  /**
   * Reads hexadecimal fields one after the other: the high half of each, then the low one, go to `out`.
   *
   * @param narrow - for each field 1 where it has 8 digits at most, else 0
   */
  hexWords(narrow: Uint8Array, out: Uint32Array): void {
    for (let i = 0; i < narrow.length; i++) {
      this.hex();
      const hi = this.#halves[0] as number;
      if (hi !== 0 && narrow[i] === 1) this.ok = false;
      out[2 * i] = hi;
      out[2 * i + 1] = this.#halves[1] as number;
    }
  }

  /** An unsigned hexadecimal field of up to 8 digits. */
  hex32(): number {
    this.hex();
    if (this.#halves[0] !== 0) this.ok = false;
    return this.#halves[1] as number;
  }

  /** An unsigned decimal field of up to 20 digits: the part above 10^9 goes into `above`, the rest into `below`. */
  decimal(): void {
    const units = this.#units;
    const start = this.#at;
    let at = start;
    while ((HEX[units[at] as number] as number) < 10) at++;
    let above = 0;
    let below = 0;
    for (let i = start; i < at - 9; i++) above = above * 10 + (units[i] as number) - 48;
    for (let i = Math.max(start, at - 9); i < at; i++) below = below * 10 + (units[i] as number) - 48;
    this.above = above;
    this.below = below;
    this.#end(at, at - start, 20);
  }

  /** The text of a hexadecimal field. */
  hexWord(): string {
    const start = this.#at;
    this.hex();
    return this.#line.slice(start, this.#at - 1);
  }

  /** The text of sixteen bytes in hex, which bpftrace separates by spaces. */
  comm(): string {
    const start = this.#at;
    this.skipComm();
    return this.#line.slice(start, this.#at - 1);
  }

  /** Passes over such bytes, and checks them. */
  skipComm(): void {
    const units = this.#units;
    const last = this.#at + COMM_UNITS - 2;
    let isGood = isByteAt(units, last);
    for (let at = this.#at; at < last; at += 3) {
      if (!isByteAt(units, at) || units[at + 2] !== SPACE) isGood = false;
    }
    if (!isGood) this.ok = false;
    this.#end(last + 2, COMM_UNITS, COMM_UNITS);
  }

  /** The text of a field, up to the next space. An empty one marks the line as bad. */
  word(): string {
    const end = this.#line.indexOf(' ', this.#at);
    const stop = end < 0 ? this.#line.length : end;
    const word = this.#line.slice(this.#at, stop);
    if (word === '') this.ok = false;
    this.#at = stop + 1;
    return word;
  }

  /** The rest of the line. */
  rest(): string {
    const rest = this.#line.slice(this.#at);
    this.#at = this.#line.length + 1;
    return rest;
  }

  /** True if every field was good and nothing is left over. */
  done(): boolean {
    return this.ok && this.#at === this.#line.length + 1;
  }

  #end(at: number, digits: number, most: number): void {
    const length = this.#line.length;
    const isEnded = at < length ? this.#units[at] === SPACE : at === length;
    if (digits === 0 || digits > most || !isEnded) this.ok = false;
    this.#at = at + 1;
  }
}

/** `encodeInto` copies a short line in half the time of Buffer's writes. */
const UTF8 = new TextEncoder();

const SPACE = 0x20;
const COMM_UNITS = 47;

/** The character codes of a line that is not plain ASCII, or too long. No code above 254 is a digit or a space. */
const copyUnits = (line: string, units: Uint8Array): void => {
  const length = Math.min(line.length, MOST);
  for (let i = 0; i < length; i++) units[i] = Math.min(line.charCodeAt(i), 255);
  // Neither digit nor space: it keeps every loop out of the line before.
  units[length] = 0;
};

/** Value of a hexadecimal digit by its character; 255 for every other. */
export const HEX = new Uint8Array(256).fill(255);
for (const [value, digit] of [...'0123456789abcdef'].entries()) HEX[digit.charCodeAt(0)] = value;

const isByteAt = (units: Uint8Array, at: number): boolean =>
  (HEX[units[at] as number] as number) < 16 && (HEX[units[at + 1] as number] as number) < 16;
