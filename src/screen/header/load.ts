/**
 * The steps by which the screen does less when the machine cannot keep up: first fewer frames, then less detail. The
 * ledger stays complete: every line is folded, whatever the screen does.
 */
export type Level = {
  /** Time between two frames, ms. */
  readonly drawMs: number;
  /** Deadlines, the memory of all sockets, and the order of the rows are computed. */
  readonly hasDetail: boolean;
  /** Text on the screen; empty if there is nothing to say. */
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

/** The present step, and for how long the screen has been too busy for it, or idle enough for the step before. */
export type Load = { readonly step: number; readonly hotMs: number; readonly coolMs: number };

export const CALM: Load = { step: 0, hotMs: 0, coolMs: 0 };

/** The event loop's work since the sample before. */
export type LoadSample = {
  /** Length of the sample, ms. */
  readonly tookMs: number;
  /** Share of the sample, 0 to 1, in which the loop was at work and not waiting. */
  readonly busy: number;
  /** The lag of the event loop: the delay of this sample's own timer, ms. */
  readonly lagMs: number;
};

/**
 * A loop that never waits leaves lines in the pipe. A loop that has had time to spare for a while may be given more to
 * do.
 */
const HOT = { busy: 0.95, lagMs: 500 } as const;
const COOL = { busy: 0.75, lagMs: 100 } as const;
/** Time that a step down takes, and time that a step back takes, ms. */
const HOT_MS = 1000;
const COOL_MS = 2000;
/** A sample counts for at most this long: a sample during which the process was stopped says nothing about its load. */
const LONGEST_MS = 500;

/** The load after one more sample. It stays as it is between hot and cool. */
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
