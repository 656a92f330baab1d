/**
 * What the screen gives up when the machine cannot keep up, in this order: frames, then detail. The ledger it never
 * touches: every line is folded, whatever the screen does.
 */
export type Level = {
  /** Between two frames, ms. */
  readonly drawMs: number;
  /** Due times, the memory of all sockets, and the order of the rows are worked out. */
  readonly hasDetail: boolean;
  /** Said on the screen; empty when there is nothing to say. */
  readonly text: string;
};

const LEVELS: readonly [Level, ...Level[]] = [
  { drawMs: 200, hasDetail: true, text: '' },
  { drawMs: 1000, hasDetail: true, text: 'overloaded: drawing every 1 s' },
  { drawMs: 2000, hasDetail: true, text: 'overloaded: drawing every 2 s' },
  {
    drawMs: 2000,
    hasDetail: false,
    text: 'overloaded: drawing every 2 s, no due times, no sum of memory, order stands still',
  },
];

/** Where on the way down the screen is, and for how long it has been too busy, or idle enough, to move on it. */
export type Load = { readonly step: number; readonly hotMs: number; readonly coolMs: number };

export const CALM: Load = { step: 0, hotMs: 0, coolMs: 0 };

/** How the event loop fared since the sample before. */
export type LoadSample = {
  /** Length of that time, ms. */
  readonly tookMs: number;
  /** Share of it, 0 to 1, in which the loop was at work and not waiting. */
  readonly busy: number;
  /** How far the event loop lagged: the delay of this sample's own timer, ms. */
  readonly lagMs: number;
};

/** A loop that never waits leaves lines in the pipe; one that has time to spare for a while may be given more to do. */
const HOT = { busy: 0.95, lagMs: 500 } as const;
const COOL = { busy: 0.75, lagMs: 100 } as const;
/** It takes this long to go a step down, and this long to come a step back, ms. */
const HOT_MS = 1000;
const COOL_MS = 2000;
/** A sample counts as no longer than this: one that a stopped process slept through says nothing of its load. */
const LONGEST_MS = 500;

/** The load after one more sample. Between hot and cool it stays as it is. */
export const nextLoad = ({ step, hotMs, coolMs }: Load, { tookMs, busy, lagMs }: LoadSample): Load => {
  const counted = Math.min(tookMs, LONGEST_MS);
  if (busy >= HOT.busy || lagMs >= HOT.lagMs) {
    return hotMs + counted < HOT_MS
      ? { step, hotMs: hotMs + counted, coolMs: 0 }
      : { step: Math.min(step + 1, LEVELS.length - 1), hotMs: 0, coolMs: 0 };
  }
  if (busy > COOL.busy || lagMs > COOL.lagMs) return { step, hotMs: 0, coolMs: 0 };
  return coolMs + counted < COOL_MS
    ? { step, hotMs: 0, coolMs: coolMs + counted }
    : { step: Math.max(0, step - 1), hotMs: 0, coolMs: 0 };
};

export const levelOf = ({ step }: Load): Level => LEVELS[step] ?? LEVELS[0];
