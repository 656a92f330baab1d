import { type TraceNs, traceNs } from '../kernel/units.ts';
import { halfOf } from '../wire/layout.ts';
import { HALVES, LETTER, readHalves } from '../wire/packed.ts';

/** A time, and the `snd_una` that a line showed at it. */
export type Acked = { readonly at: TraceNs; readonly una: number };

/** The newest time during which a dying sock's `snd_una` was seen to move. */
export type Progress = {
  /** The line since which no long standstill was seen. */
  readonly since: TraceNs;
  /** The rate is that from here to `to`: 10 to 20 s, or less where it has moved for less, or one interval between lines. */
  readonly from: Acked;
  /** The next `from`. */
  readonly mid: Acked;
  /** The newest line that showed a `snd_una` beyond that of the line before. */
  readonly to: Acked;
  /** The longest time between two such lines, ns. An old one counts for less. */
  readonly pause: number;
};

const STEP_NS = 10e9;
/** Dying socks are looked at every 2 s, and lines take some time to come. */
const LEAST_STANDSTILL_NS = 5e9;

/** The time without movement after which it stands still: twice the longest pause that it made, and 5 s at least. */
export const standstillNs = ({ pause }: Progress): number => Math.max(LEAST_STANDSTILL_NS, 2 * pause);

/** The progress once a line has shown `now`, after one that showed `last`. */
export const progressed = (before: Progress | null, last: Acked, now: Acked): Progress | null => {
  const moved = (now.una - last.una) >>> 0;
  if (moved === 0 || moved > 0x7fffffff) return before;
  if (before === null || now.at - before.to.at > standstillNs(before)) {
    return { since: last.at, from: last, mid: last, to: now, pause: now.at - last.at };
  }
  const { since, from, mid, to } = before;
  const pause = now.at - to.at;
  return now.at - mid.at > STEP_NS
    ? { since, from: mid, mid: to, to: now, pause: Math.max(pause, before.pause / 2) }
    : { since, from, mid, to: now, pause: Math.max(pause, before.pause) };
};

/**
 * True for a line that was traced while the sock only waited: a look or a retransmission. Data that was in flight at
 * the close, or whose acknowledgement made a transition, is no sign of a slow delivery.
 */
export const isWaitingLine = (line: string): boolean => {
  const letter = line.charCodeAt(0);
  return letter === LETTER.look || letter === LETTER.retransmit;
};

const SND_UNA = halfOf('deferred', 'sndUna');
const halves = new Uint32Array(HALVES);

/** Reads `snd_una` of a decoded line, or of its packed form. @param at - the line's time */
export const ackedBy = (line: string, at: number): Acked => {
  readHalves(line, halves);
  return { at: traceNs(at), una: halves[SND_UNA] as number };
};
