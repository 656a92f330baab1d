import type { Fields } from './fields.ts';
import { HEX } from './scan.ts';

/** Characters of the longest line that has evidence, and room. */
const MOST = 1024;
const SPACE = 0x20;
const COMM_UNITS = 47;
const UTF8 = new TextEncoder();

/**
 * Reads the fields of a line that `Scan` has found good: ASCII, each field of 1 to 16 hexadecimal digits with one space
 * behind it. Nothing is checked again, which takes half the time. Of a line that was not decoded it gives nonsense, but
 * always ends.
 */
export class KnownFields implements Fields {
  readonly #units = new Uint8Array(MOST + 1);
  readonly #room = this.#units.subarray(0, MOST);
  readonly #halves = new Uint32Array(2);
  #line = '';
  #at = 0;

  /** Starts after the first `fields` fields, the letter being one. */
  start(line: string, fields: number): this {
    const units = this.#units;
    units[UTF8.encodeInto(line, this.#room).written] = 0;
    this.#line = line;
    this.#at = 0;
    this.skipHex(fields);
    return this;
  }

  get hi(): number {
    return this.#halves[0] as number;
  }

  get lo(): number {
    return this.#halves[1] as number;
  }

  hex(): void {
    const units = this.#units;
    const start = this.#at;
    const middle = start + 8;
    let at = start;
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
      this.#halves[0] = first >>> missing;
      this.#halves[1] = missing === 0 ? second : (first << (32 - missing)) | second;
    } else {
      this.#halves[0] = 0;
      this.#halves[1] = first;
    }
    this.#at = at + 1;
  }

  hex32(): number {
    this.hex();
    return this.#halves[1] as number;
  }

  skipHex(fields: number): void {
    const units = this.#units;
    let at = this.#at;
    for (let i = 0; i < fields; i++) {
      while ((units[at] as number) > SPACE) at++;
      at++;
    }
    this.#at = at;
  }

  comm(): string {
    const start = this.#at;
    this.#at = start + COMM_UNITS + 1;
    return this.#line.slice(start, start + COMM_UNITS);
  }
}
