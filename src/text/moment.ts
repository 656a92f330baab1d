/** Moments of the wall clock. All are given as RFC 3339 in UTC, as `2026-11-21T05:46:08.123456789Z`. */
import { type Printable, printable, trusted } from './printable.ts';

/** `2026-11-21 05:46:08 UTC`; a text that is no RFC 3339 time stays as it is. */
export const moment = (at: string): Printable => {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(at);
  return match === null ? printable(at) : trusted(`${match[1]} ${match[2]} UTC`);
};

/** `moment` without the day where that is the day of `other`: `05:46:18 UTC`. */
export const momentAfter = (at: string, other: string): Printable =>
  trusted(moment(at).replace(moment(other).slice(0, 11), ''));

/** `05:46:08`, in UTC. */
export const timeOfDay = (at: string): Printable => printable(at.slice(11, 19));

/** `06:46:08`, in this machine's time zone; empty where it is no time. */
export const localTimeOfDay = (at: string): Printable => {
  const date = new Date(at);
  return trusted(Number.isNaN(date.getTime()) ? '' : date.toTimeString().slice(0, 8));
};
