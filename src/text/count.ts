/** Counts, and counts per second. */
import { type Printable, type Safe, trusted } from './printable.ts';
import { UNKNOWN } from './unknown.ts';

/** A count with thousands apart: `16,384`; null is `?`. */
export const thousands = (count: number | null): Printable =>
  count === null ? UNKNOWN : trusted(String(count).replace(/\B(?=(\d{3})+$)/g, ','));

/** The noun alone, where its count stands as plain digits: `line`, `entries`. @param many - the plural, if not with s */
export const nounOf = <const Noun extends string, const Many extends string>(
  count: number,
  noun: Noun & Safe<Noun>,
  many?: Many & Safe<Many>,
): Printable => trusted(count === 1 ? noun : (many ?? `${noun}s`));

/** With its noun: `1 orphan`, `1,200 orphans`, `2 processes`. @param many - the plural, if not with s */
export const counted = <const Noun extends string, const Many extends string>(
  count: number,
  noun: Noun & Safe<Noun>,
  many?: Many & Safe<Many>,
): Printable => trusted(`${thousands(count)} ${count === 1 ? noun : (many ?? `${noun}s`)}`);

/** Events per second: `0/s`, `0.4/s`, `12/s`, `12.3k/s`; null is `?`. */
export const rate = (perSec: number | null): Printable => {
  if (perSec === null) return UNKNOWN;
  if (perSec >= 10_000) return trusted(`${(perSec / 1000).toFixed(1)}k/s`);
  const isSmall = perSec > 0 && perSec < 9.95 && !Number.isInteger(perSec);
  return trusted(isSmall ? `${perSec.toFixed(1)}/s` : `${Math.round(perSec)}/s`);
};
