/** Amounts of memory and of data, in bytes. */
import { type Printable, trusted } from './printable.ts';
import { UNKNOWN } from './unknown.ts';

/** In a sentence, in powers of 1024: `0 B`, `44.0 KiB`, `12.3 MiB`. */
export const size = (bytes: number): Printable => {
  if (bytes < 1024) return trusted(`${Math.round(bytes)} B`);
  if (bytes < 1024 ** 2) return trusted(`${(bytes / 1024).toFixed(1)} KiB`);
  if (bytes < 1024 ** 3) return trusted(`${(bytes / 1024 ** 2).toFixed(1)} MiB`);
  return trusted(`${(bytes / 1024 ** 3).toFixed(1)} GiB`);
};

/** To the byte, where the figure is evidence: `1448 B`. */
export const exactSize = (bytes: number): Printable => trusted(`${bytes} B`);

const UNITS = ['K', 'M', 'G', 'T', 'P'] as const;

/** In at most five columns, in powers of 1024, never more than it is: `0B`, `1.5K`, `128K`, `2.0M`; null is `?`. */
export const shortSize = (bytes: number | null): Printable => {
  if (bytes === null) return UNKNOWN;
  if (bytes < 1024) return trusted(`${Math.floor(bytes)}B`);
  let value = bytes;
  let suffix = '';
  for (const unit of UNITS) {
    if (value < 1024) break;
    value /= 1024;
    suffix = unit;
  }
  return trusted(value < 10 ? `${(Math.floor(value * 10) / 10).toFixed(1)}${suffix}` : `${Math.floor(value)}${suffix}`);
};

/** Data per second, in a sentence: `812 B/s`, `44.0 KiB/s`. */
export const bytesPerSecond = (bytes: number): Printable => trusted(`${size(bytes)}/s`);
