import type { TraceNs } from '../kernel/units.ts';
import type { Hello } from '../wire/event.ts';

/** Turns capture time into RFC 3339 UTC with nanoseconds. The offset is from the handshake, exact to a microsecond. */
export const createWallClock = (hello: Hello): ((at: TraceNs) => string) => {
  let cachedSecond = Number.NaN;
  let cachedText = '';
  return (at) => {
    const ns = hello.wallUsec * 1000 + (at % 1e9);
    const carry = Math.floor(ns / 1e9);
    const second = hello.wallSec + Math.trunc(at / 1e9) + carry;
    if (second !== cachedSecond) {
      cachedSecond = second;
      cachedText = rfc3339Second(second);
    }
    return `${cachedText}.${String(ns - carry * 1e9).padStart(9, '0')}Z`;
  };
};

/** `YYYY-MM-DDTHH:MM:SS`. A second that no calendar holds (from a forged handshake) stays a number of seconds. */
const rfc3339Second = (second: number): string => {
  const date = new Date(second * 1000);
  const text = Number.isNaN(date.getTime()) ? '' : date.toISOString();
  // Years of more than four digits have a sign before them.
  return /^\d/.test(text) ? text.slice(0, 19) : `@${second}`;
};
