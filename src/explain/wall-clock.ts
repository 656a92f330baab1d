import type { TraceNs } from '../kernel/units.ts';
import { duration } from '../text/duration.ts';
import { moment } from '../text/moment.ts';
import type { Hello, WallStep } from '../wire/event.ts';

/** Steps that are kept: a clock that is set once a minute needs these in a day. */
const MOST_STEPS = 1440;

export type WallClock = {
  /** RFC 3339 UTC with nanoseconds. */
  readonly textOf: (at: TraceNs) => string;
  /**
   * The clock was set. Times from the step on go by the new clock, earlier ones by the old one.
   *
   * @returns words for it; null where it is not kept: it is older than another step, or there are too many
   */
  readonly step: (step: WallStep) => string | null;
};

/** A reading of the wall clock at a time of the capture. It holds from then on. */
type Reading = { readonly at: number; readonly sec: number; readonly usec: number };

/** Turns capture time into wall clock time, exact to a microsecond: the offset is the handshake's, and that of each step. */
export const createWallClock = (hello: Hello): WallClock => {
  const readings: [Reading, ...Reading[]] = [{ at: 0, sec: hello.wallSec, usec: hello.wallUsec }];
  let newest: Reading = readings[0];
  let cachedSecond = Number.NaN;
  let cachedText = '';
  const readingFor = (at: number): Reading =>
    at >= newest.at ? newest : (readings.findLast((reading) => reading.at <= at) ?? readings[0]);
  const textOf = (at: TraceNs, by = readingFor(at)): string => {
    const since = at - by.at;
    const ns = by.usec * 1000 + (since % 1e9);
    const carry = Math.floor(ns / 1e9);
    const second = by.sec + Math.trunc(since / 1e9) + carry;
    if (second !== cachedSecond) {
      cachedSecond = second;
      cachedText = rfc3339Second(second);
    }
    return `${cachedText}.${String(ns - carry * 1e9).padStart(9, '0')}Z`;
  };
  return {
    textOf: (at) => textOf(at),
    step: ({ at, wallSec, wallUsec }) => {
      if (at < newest.at || readings.length > MOST_STEPS) return null;
      const before = textOf(at);
      const expectedUs = (newest.sec - wallSec) * 1e6 + newest.usec + (at - newest.at) / 1000;
      const stepUs = wallUsec - expectedUs;
      newest = { at, sec: wallSec, usec: wallUsec };
      readings.push(newest);
      return `the wall clock was set ${stepUs < 0 ? 'back' : 'forward'} by ${duration(Math.abs(stepUs))}, from ${moment(before)} to ${moment(textOf(at))}: later times go by the new clock, earlier ones by the old`;
    },
  };
};

/** `YYYY-MM-DDTHH:MM:SS`. A second that no calendar holds (from a forged handshake) stays a number of seconds. */
const rfc3339Second = (second: number): string => {
  const date = new Date(second * 1000);
  const text = Number.isNaN(date.getTime()) ? '' : date.toISOString();
  // Years of more than four digits have a sign before them.
  return /^\d/.test(text) ? text.slice(0, 19) : `@${second}`;
};
