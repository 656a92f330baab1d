/**
 * A cursor over one wire line: reads fields without allocating, and never throws. The first field that is not
 * what it should be marks the whole line as bad; the caller asks once, at the end.
 */
export class Scan {
  #line = '';
  #at = 0;
  /** High and low half of the field read last. */
  hi = 0;
  lo = 0;
  ok = true;

  /** Starts after the line's letter and its space. */
  start(line: string): this {
    this.#line = line;
    this.#at = 2;
    this.ok = line.charCodeAt(1) === 0x20;
    return this;
  }

  /** An unsigned hexadecimal field of up to 16 digits, into `hi` and `lo`. */
  hex(): void {
    const line = this.#line;
    const start = this.#at;
    const length = line.length;
    let at = start;
    let hi = 0;
    let lo = 0;
    for (; at < length; at++) {
      const code = line.charCodeAt(at);
      const digit = code < 128 ? (HEX[code] as number) : -1;
      if (digit < 0) break;
      hi = (hi << 4) | (lo >>> 28);
      lo = (lo << 4) | digit;
    }
    const digits = at - start;
    this.hi = hi >>> 0;
    this.lo = lo >>> 0;
    this.#end(at, digits, 16);
  }

  /** Passes over hexadecimal fields of up to 16 digits, checking that they are. */
  skipHex(fields: number): void {
    const line = this.#line;
    const length = line.length;
    let at = this.#at;
    for (let i = 0; i < fields; i++) {
      const start = at;
      while (at < length) {
        const code = line.charCodeAt(at);
        if (code >= 128 || (HEX[code] as number) < 0) break;
        at++;
      }
      const digits = at - start;
      if (digits === 0 || digits > 16 || (at < length && line.charCodeAt(at) !== 0x20)) this.ok = false;
      at++;
    }
    this.#at = at;
  }

  /** An unsigned hexadecimal field of up to 8 digits. */
  hex32(): number {
    this.hex();
    if (this.hi !== 0) this.ok = false;
    return this.lo;
  }

  /** An unsigned decimal field of up to 20 digits: what lies above 10^9 into `hi`, the rest into `lo`. */
  decimal(): void {
    const line = this.#line;
    const start = this.#at;
    let at = start;
    while (at < line.length && isDigit(line.charCodeAt(at))) at++;
    let hi = 0;
    let lo = 0;
    for (let i = start; i < at - 9; i++) hi = hi * 10 + line.charCodeAt(i) - 48;
    for (let i = Math.max(start, at - 9); i < at; i++) lo = lo * 10 + line.charCodeAt(i) - 48;
    this.hi = hi;
    this.lo = lo;
    this.#end(at, at - start, 20);
  }

  /** A hexadecimal field as its text. */
  hexWord(): string {
    const start = this.#at;
    this.hex();
    return this.#line.slice(start, this.#at - 1);
  }

  /** A field as text, up to the next space; empty marks the line as bad. */
  word(): string {
    const end = this.#line.indexOf(' ', this.#at);
    const stop = end < 0 ? this.#line.length : end;
    const word = this.#line.slice(this.#at, stop);
    this.#end(stop, word.length, Number.MAX_SAFE_INTEGER);
    return word;
  }

  /** All that is left of the line. */
  rest(): string {
    const rest = this.#line.slice(this.#at);
    this.#at = this.#line.length + 1;
    return rest;
  }

  /** Whether every field was good and none is left over. */
  done(): boolean {
    return this.ok && this.#at === this.#line.length + 1;
  }

  #end(at: number, digits: number, most: number): void {
    const next = this.#line.charCodeAt(at);
    if (digits === 0 || digits > most || (at < this.#line.length && next !== 0x20)) this.ok = false;
    this.#at = at + 1;
  }
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** Value of a hexadecimal digit by its character code; -1 for every other ASCII character. */
const HEX = new Int8Array(128).fill(-1);
for (const [value, digit] of [...'0123456789abcdef'].entries()) HEX[digit.charCodeAt(0)] = value;
