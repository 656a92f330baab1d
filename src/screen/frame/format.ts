/** What stands for a number nobody knows. */
export const UNKNOWN = '?';

const two = (n: number): string => String(n).padStart(2, '0');

/** Whole and rest of `n` in `unit`s. */
const split = (n: number, unit: number): readonly [number, number] => [Math.floor(n / unit), Math.floor(n % unit)];

/**
 * An age or a length of time, never longer than it is (rounded down): `850ms`, `12.3s`, `4m05s`, `2h03m`, `3d04h`.
 *
 * @param ms - milliseconds; below 0 (clocks of two CPUs) counts as 0; null is `?`
 */
export const formatAge = (ms: number | null): string => {
  if (ms === null) return UNKNOWN;
  const millis = Math.max(0, ms);
  if (millis < 1000) return `${Math.floor(millis)}ms`;
  const seconds = millis / 1000;
  if (seconds < 60) return `${(Math.floor(millis / 100) / 10).toFixed(1)}s`;
  if (seconds < 3600) {
    const [minutes, rest] = split(seconds, 60);
    return `${minutes}m${two(rest)}s`;
  }
  const [hours, minutes] = split(seconds / 60, 60);
  if (hours < 48) return `${hours}h${two(minutes)}m`;
  const [days, restHours] = split(hours, 24);
  return `${days}d${two(restHours)}h`;
};

/** Microseconds before or after the close, with the sign: `-12.3ms`, `+850us`, `+4m05s`. */
export const formatOffset = (us: number): string => {
  const sign = us < 0 ? '-' : '+';
  const size = Math.abs(us);
  if (size < 1000) return `${sign}${Math.floor(size)}us`;
  if (size < 1e6) return `${sign}${(size / 1000).toFixed(1)}ms`;
  return size < 60e6 ? `${sign}${(size / 1e6).toFixed(3)}s` : `${sign}${formatAge(size / 1000)}`;
};

/** Microseconds as an age; null is `?`. */
export const formatMicros = (us: number | null): string => formatAge(us === null ? null : us / 1000);

const UNITS = ['K', 'M', 'G', 'T', 'P'] as const;

/** Bytes in powers of 1024, at most five columns: `0B`, `1.5K`, `128K`, `2.0M`; null is `?`. */
export const formatBytes = (bytes: number | null): string => {
  if (bytes === null) return UNKNOWN;
  if (bytes < 1024) return `${Math.floor(bytes)}B`;
  let value = bytes;
  let suffix = '';
  for (const unit of UNITS) {
    if (value < 1024) break;
    value /= 1024;
    suffix = unit;
  }
  return value < 10 ? `${(Math.floor(value * 10) / 10).toFixed(1)}${suffix}` : `${Math.floor(value)}${suffix}`;
};

/** Events per second: `0/s`, `0.4/s`, `12/s`, `12.3k/s`; null is `?`. */
export const formatRate = (perSec: number | null): string => {
  if (perSec === null) return UNKNOWN;
  if (perSec >= 10_000) return `${(perSec / 1000).toFixed(1)}k/s`;
  return perSec > 0 && perSec < 9.95 && !Number.isInteger(perSec)
    ? `${perSec.toFixed(1)}/s`
    : `${Math.round(perSec)}/s`;
};

/** A count with thousands apart: `16,384`; null is `?`. */
export const formatCount = (count: number | null): string =>
  count === null ? UNKNOWN : String(count).replace(/\B(?=(\d{3})+$)/g, ',');
