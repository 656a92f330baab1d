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
    let at = this.#at;
    let hi = 0;
    let lo = 0;
    let digits = 0;
    for (; at < line.length; at++) {
      const digit = hexDigit(line.charCodeAt(at));
      if (digit < 0) break;
      hi = ((hi << 4) | (lo >>> 28)) >>> 0;
      lo = ((lo << 4) | digit) >>> 0;
      digits++;
    }
    this.hi = hi;
    this.lo = lo;
    this.#end(at, digits, 16);
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

const hexDigit = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  return -1;
};
