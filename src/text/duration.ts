/**
 * Lengths of time. `duration` is for sentences, `durationColumn` for a column that is compared by eye, `settingTime` for
 * what somebody set, and the `short` ones for the narrow columns of the screen.
 */
import { type Printable, trusted } from './printable.ts';
import { UNKNOWN } from './unknown.ts';

const two = (n: number): string => String(n).padStart(2, '0');

/** In a sentence: `42 us`, `1.2 ms`, `61.1 s`, `5 min 03 s`, `2 h 05 min`. @param us - microseconds, 0 or more */
export const duration = (us: number): Printable => {
  if (us < 1000) return trusted(`${Math.round(us)} us`);
  if (us < 1e6) return trusted(`${(us / 1000).toFixed(1)} ms`);
  if (us < 120e6) return trusted(`${(us / 1e6).toFixed(1)} s`);
  const seconds = Math.round(us / 1e6);
  if (seconds < 7200) return trusted(`${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`);
  return trusted(`${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`);
};

/** Before or after a moment: `-3.0 s`, `17 us`. @param us - microseconds, below 0 before it */
export const offset = (us: number): Printable => (us < 0 ? trusted(`-${duration(-us)}`) : duration(us));

/** In a column, where no unit is above the second: `42 us`, `1.2 ms`, `61.05 s`. @param us - microseconds */
export const durationColumn = (us: number): Printable => {
  if (us < 1000) return trusted(`${us.toFixed(0)} us`);
  if (us < 1e6) return trusted(`${(us / 1000).toFixed(1)} ms`);
  return trusted(`${(us / 1e6).toFixed(2)} s`);
};

/** A time that somebody set, without a `.0`: `204 ms`, `1.5 s`, `60 s`. @param ms - milliseconds */
export const settingTime = (ms: number): Printable =>
  trusted(ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`);

/** Whole and rest of `n` in `unit`s. */
const split = (n: number, unit: number): readonly [number, number] => [Math.floor(n / unit), Math.floor(n % unit)];

/**
 * An age in at most six columns (up to 99 days), never longer than it is: `850ms`, `12.3s`, `4m05s`, `2h03m`, `3d04h`.
 *
 * @param ms - milliseconds; below 0 (clocks of two CPUs) counts as 0; null is `?`
 */
export const shortAge = (ms: number | null): Printable => {
  if (ms === null) return UNKNOWN;
  const millis = Math.max(0, ms);
  if (millis < 1000) return trusted(`${Math.floor(millis)}ms`);
  const seconds = millis / 1000;
  if (seconds < 60) return trusted(`${(Math.floor(millis / 100) / 10).toFixed(1)}s`);
  if (seconds < 3600) {
    const [minutes, rest] = split(seconds, 60);
    return trusted(`${minutes}m${two(rest)}s`);
  }
  const [hours, minutes] = split(seconds / 60, 60);
  if (hours < 48) return trusted(`${hours}h${two(minutes)}m`);
  const [days, restHours] = split(hours, 24);
  return trusted(`${days}d${two(restHours)}h`);
};

/** The same form for microseconds; null is `?`. */
export const shortDuration = (us: number | null): Printable => shortAge(us === null ? null : us / 1000);

/** Before or after a moment, with the sign: `-12.3ms`, `+850us`, `+4m05s`. @param us - microseconds */
export const shortOffset = (us: number): Printable => {
  const sign = us < 0 ? '-' : '+';
  const length = Math.abs(us);
  if (length < 1000) return trusted(`${sign}${Math.floor(length)}us`);
  if (length < 1e6) return trusted(`${sign}${(length / 1000).toFixed(1)}ms`);
  return trusted(length < 60e6 ? `${sign}${(length / 1e6).toFixed(3)}s` : `${sign}${shortDuration(length)}`);
};
