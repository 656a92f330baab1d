import { WHEEL_SHARE } from '../kernel/wheel.ts';

/** What reading clocks and lines may take, ns: a timer is not overdue by less. */
const READING_NS = 500e6;

/** Whether a timer set at `sinceNs` should have fired by `nowNs`, even at the wheel's greatest delay. */
export const isOverdue = (expectedNs: number, sinceNs: number, nowNs: number): boolean =>
  nowNs > expectedNs + (expectedNs - sinceNs) * WHEEL_SHARE + READING_NS;
