import type { TraceNs } from '../kernel/units.ts';

/**
 * A CPU has nothing to tell that is older than its newest line by more than this: a program that another interrupts may
 * print after it.
 */
export const WITHIN_CPU_NS = 5e6;
/**
 * A line that a CPU has printed, and that does not come for this long by finwait's own clock, is lost. Each CPU speaks
 * once a second, so only one that has gone is waited for so long.
 */
export const PATIENCE_NS = 30e9;
/** The first word of how far the CPUs are is waited for so long, by the same clock. It comes within 100 ms. */
export const FIRST_PATIENCE_NS = 5e9;

export type Watermarks = {
  /** A CPU's line has come. @param cpu - its number + 1; 0: not said */
  readonly heard: (cpu: number, at: TraceNs) => void;
  /** bpftrace was asked at `at` how far each CPU is, and answered later. @see Progress in event.ts */
  readonly told: (at: TraceNs, cpus: readonly number[]) => void;
  /** finwait's own clock has come this far. */
  readonly own: (at: TraceNs) => void;
  /**
   * Everything before this time is here. -Infinity: lines tell their CPUs, and nothing is known of these yet.
   * NaN: no line tells its CPU, so only time can.
   */
  readonly until: () => number;
};

/** Places of the numbers below. */
const [ASKED, LEAST, OWN, OWN_FIRST, LOOKED] = [0, 1, 2, 3, 4] as const;
const NEVER = Number.NEGATIVE_INFINITY;

/**
 * Knows how far all CPUs are. A CPU whose newest line by `told` is here is past the moment of the question: it had nothing
 * else to tell by then. Any other is behind: lines are on their way, and it is as far as its newest line here. So an
 * idle CPU holds up nobody, and one whose buffer waits to be read holds up everybody, however long that takes. Nobody is
 * past the newest question: a CPU that has told nothing yet may tell something after it.
 *
 * @param mostCpus - CPUs told apart; lines of others say nothing here
 */
export const createWatermarks = (mostCpus: number): Watermarks => {
  /** The place of each CPU in the arrays, + 1, by its number + 1. */
  const places = new Uint16Array(NUMBERS);
  let count = 0;
  /** The newest line of each CPU that is here, and the newest by `told`. */
  let newest = new Float64Array(FEW).fill(NEVER);
  let printed = new Float64Array(FEW).fill(NEVER);
  /** By finwait's clock: since when nothing came of a CPU that is behind. */
  let waitedSince = new Float64Array(FEW).fill(NEVER);
  let isBehind = new Uint8Array(FEW);
  let behind = 0;
  /** Places of CPUs whose newest line by `told` has come. */
  let arrived: number[] = [];
  /** False: `LEAST`, how far the last of those behind is, has to be found. */
  let isLeastKnown = true;
  // In an array of doubles a double that is assigned is no new object.
  const times = new Float64Array(5).fill(NEVER);
  times[LEAST] = Number.POSITIVE_INFINITY;

  const grow = (): void => {
    const more = (all: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const grown = new Float64Array(2 * count).fill(NEVER);
      grown.set(all);
      return grown;
    };
    [newest, printed, waitedSince] = [more(newest), more(printed), more(waitedSince)];
    const flags = new Uint8Array(2 * count);
    flags.set(isBehind);
    isBehind = flags;
  };

  /** @returns -1 for a CPU that is not told apart */
  const placeOf = (cpu: number): number => {
    if (cpu <= 0 || cpu >= NUMBERS) return -1;
    const known = places[cpu] as number;
    if (known > 0) return known - 1;
    if (count >= mostCpus) return -1;
    if (count === newest.length) grow();
    // If it was not there at the last question, it had printed nothing by then: it is not behind.
    places[cpu] = ++count;
    return count - 1;
  };

  const fallBehind = (place: number): void => {
    isBehind[place] = 1;
    behind++;
    waitedSince[place] = times[OWN] as number;
    times[LEAST] = Math.min(times[LEAST] as number, newest[place] as number);
  };

  const catchUp = (place: number): void => {
    isBehind[place] = 0;
    behind--;
    if ((newest[place] as number) <= (times[LEAST] as number)) isLeastKnown = false;
  };

  const least = (): number => {
    if (isLeastKnown) return times[LEAST] as number;
    let found = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count && behind > 0; i++) {
      if (isBehind[i] === 1 && (newest[i] as number) < found) found = newest[i] as number;
    }
    times[LEAST] = found;
    isLeastKnown = true;
    return found;
  };

  /** Those of which nothing came for too long are not waited for, until they have printed more. */
  const giveUp = (): void => {
    const own = times[OWN] as number;
    if (behind === 0 || own === NEVER || own - (times[LOOKED] as number) < LOOK_EVERY_NS) return;
    times[LOOKED] = own;
    for (let place = 0; place < count; place++) {
      if (isBehind[place] !== 1) continue;
      if (waitedSince[place] === NEVER) waitedSince[place] = own;
      if (own - (waitedSince[place] as number) < PATIENCE_NS) continue;
      catchUp(place);
      newest[place] = printed[place] as number;
    }
  };

  return {
    heard: (cpu, at) => {
      const place = placeOf(cpu);
      if (place < 0) return;
      const before = newest[place] as number;
      if (isBehind[place] === 1) {
        const until = printed[place] as number;
        waitedSince[place] = times[OWN] as number;
        // Its next line, or the next question, shows that no other was printed at that very time.
        if (before >= until) catchUp(place);
        else {
          if (at >= until) arrived.push(place);
          if (at > before && before <= (times[LEAST] as number)) isLeastKnown = false;
        }
      }
      if (at > before) newest[place] = at;
    },
    told: (at, cpus) => {
      if (at < (times[ASKED] as number)) return;
      times[ASKED] = at;
      for (let i = 0; i + 1 < cpus.length; i += 2) {
        const place = placeOf(cpus[i] as number);
        if (place < 0) continue;
        printed[place] = Math.max(printed[place] as number, cpus[i + 1] as number);
        if (isBehind[place] === 0 && (newest[place] as number) < (printed[place] as number)) fallBehind(place);
      }
      for (const place of arrived) {
        if (isBehind[place] === 1 && (newest[place] as number) >= (printed[place] as number)) catchUp(place);
      }
      arrived = [];
      giveUp();
    },
    own: (at) => {
      if (times[OWN_FIRST] === NEVER) times[OWN_FIRST] = at;
      if (at > (times[OWN] as number)) times[OWN] = at;
    },
    until: () => {
      if (count === 0) return Number.NaN;
      if (times[ASKED] === NEVER) {
        const isGivenUp = (times[OWN] as number) - (times[OWN_FIRST] as number) > FIRST_PATIENCE_NS;
        return isGivenUp ? Number.NaN : NEVER;
      }
      return Math.min(least(), times[ASKED] as number) - WITHIN_CPU_NS;
    },
  };
};

/** Numbers that a line can tell: 14 bits. */
const NUMBERS = 1 << 14;
const FEW = 16;
/** CPUs that are behind are looked at this often, ns of finwait's clock. */
const LOOK_EVERY_NS = 1e9;
