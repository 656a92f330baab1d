import { type TraceNs, traceNs } from '../kernel/units.ts';
import { halfOf } from '../wire/layout.ts';
import { HALVES, LETTER, readHalves } from '../wire/packed.ts';

/** The time of a look, and the `snd_una` that it showed. */
export type Acked = { readonly at: TraceNs; readonly una: number };

/** The newest time during which looks at a dying sock showed its `snd_una` to move, without a standstill between. */
export type Progress = {
  /** The look before the first movement. */
  readonly since: TraceNs;
  /** The look that showed the first movement. */
  readonly first: TraceNs;
  /** The rate is that from here to `to`: 10 to 20 s, or less where it has moved for less, or one interval between looks. */
  readonly from: Acked;
  /** The next `from`. */
  readonly mid: Acked;
  /** The look that showed the newest movement. */
  readonly to: Acked;
  /** The time between that look and the one before it, ns. */
  readonly gap: number;
};

const STEP_NS = 10e9;
/** Less is no delivery: what was in flight at the close, and a window that shuts after it, move `snd_una` too. */
const LEAST_NS = 3e9;
/** Dying socks are looked at every 2 s, and lines take some time to come. */
const STANDSTILL_NS = 5e9;

/** True if it was seen to move twice at least, at looks that are 3 s apart at least. */
export const isSteady = ({ first, to }: Progress): boolean => to.at - first >= LEAST_NS;

/**
 * True if it stands still.
 *
 * @param seenAt - the newest look. One after `to` showed no movement
 */
export const standsStill = ({ to, gap }: Progress, seenAt: number, now: number): boolean =>
  seenAt - to.at >= STANDSTILL_NS || now - to.at > Math.max(STANDSTILL_NS, 2 * gap);

/** The progress once a look has shown `now`, after one that showed `last`. */
export const progressed = (before: Progress | null, last: Acked, now: Acked): Progress | null => {
  const moved = (now.una - last.una) >>> 0;
  if (moved === 0 || moved > 0x7fffffff) return before;
  const gap = now.at - last.at;
  if (before === null || last.at - before.to.at >= STANDSTILL_NS) {
    return { since: last.at, first: now.at, from: last, mid: last, to: now, gap };
  }
  const { since, first, from, mid, to } = before;
  return now.at - mid.at > STEP_NS
    ? { since, first, from: mid, mid: to, to: now, gap }
    : { since, first, from, mid, to: now, gap };
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

/** Reads `snd_una` of a decoded line, or of its packed form. @param at - the time at which it held */
export const ackedBy = (line: string, at: number): Acked => {
  readHalves(line, halves);
  return { at: traceNs(at), una: halves[SND_UNA] as number };
};
