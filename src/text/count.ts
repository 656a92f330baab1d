/** Counts, and counts per second. */
import { type Printable, type Safe, trusted } from './printable.ts';
import { UNKNOWN } from './unknown.ts';

/** A count with thousands apart: `16,384`; null is `?`. */
export const thousands = (count: number | null): Printable =>
  count === null ? UNKNOWN : trusted(String(count).replace(/\B(?=(\d{3})+$)/g, ','));

/** With its noun: `1 orphan`, `1,200 orphans`. @param noun - one whose plural ends in s */
export const counted = <const Noun extends string>(count: number, noun: Noun & Safe<Noun>): Printable =>
  trusted(`${thousands(count)} ${noun}${count === 1 ? '' : 's'}`);

/** Events per second: `0/s`, `0.4/s`, `12/s`, `12.3k/s`; null is `?`. */
export const rate = (perSec: number | null): Printable => {
  if (perSec === null) return UNKNOWN;
  if (perSec >= 10_000) return trusted(`${(perSec / 1000).toFixed(1)}k/s`);
  const isSmall = perSec > 0 && perSec < 9.95 && !Number.isInteger(perSec);
  return trusted(isSmall ? `${perSec.toFixed(1)}/s` : `${Math.round(perSec)}/s`);
};
