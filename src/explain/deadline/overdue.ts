import { WHEEL_SHARE } from '../kernel/wheel.ts';

/** Reading clocks and lines takes up to this long, ns. A timer that is overdue by less may not be overdue at all. */
const READING_NS = 500e6;

/** True if a timer set at `sinceNs` should have fired by `nowNs`, even at the wheel's greatest delay. */
export const isOverdue = (expectedNs: number, sinceNs: number, nowNs: number): boolean =>
  nowNs > expectedNs + (expectedNs - sinceNs) * WHEEL_SHARE + READING_NS;
