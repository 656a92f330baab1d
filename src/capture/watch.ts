import { ownLine } from '../wire/own-lines.ts';
import { readRecursionMisses } from './bpftrace/recursion.ts';
import type { BootClock } from './kernel/boot-clock.ts';
import { readOrphanGauge } from './kernel/sockstat.ts';
import { putInventory } from './sockets/inventory.ts';

const SAMPLE_MS = 1000;
/** A probe's tick comes ten times a second; silence for this long means that bpftrace is stuck. */
const SILENCE_MS = 2500;
/**
 * A lag of our own event loop by this much means that the reader was stalled. A taker of lines that rests so long means
 * it too.
 */
export const STALL_MS = 400;
/** The inventory is taken again at most this often, and less and less often while it does not help. */
const RECOUNT_MS = 5000;
const LONGEST_PATIENCE_MS = 60_000;

export type WatchOptions = {
  readonly clock: BootClock;
  readonly put: (line: string) => void;
  readonly pid: number | undefined;
  /** The time at which the last line came, `performance.now()`. */
  readonly lastLineAt: () => number;
  /** The fold's own doubt: a drift that stays. */
  readonly isInDoubt: () => boolean;
  /** Looks whether the wall clock was set. */
  readonly checkWall: () => void;
};

export type Watch = {
  /** Looks once more, now. */
  readonly look: () => void;
  /** Events were lost: an inventory waits until no more are. */
  readonly doubt: () => void;
  readonly stop: () => void;
};

/**
 * Once a second: puts the kernel's orphan counter into the stream, and all that went wrong since: probes the kernel
 * skipped, a bpftrace that is silent, a reader that was stalled, a wall clock that was set. While a drift lasts, it also puts the inventory again,
 * once no more events are lost: the inventory tells which socks have gone without their destroy being seen. A loss
 * without a drift is no reason: the tables have a line for each TIME_WAIT socket too, and half a million of them take
 * seconds.
 */
export const startWatch = ({ clock, put, pid, lastLineAt, isInDoubt, checkWall }: WatchOptions): Watch => {
  let misses = 0;
  /** The time of the last line before the silence; null while bpftrace speaks. */
  let silentSince: number | null = null;
  let turnAt = performance.now();
  let isLosing = false;
  let isCounting = false;
  let countedAt = Number.NEGATIVE_INFINITY;
  let patienceMs = RECOUNT_MS;
  const doubt = (): void => {
    isLosing = true;
  };
  const recount = (): void => {
    const since = performance.now() - countedAt;
    if (!isInDoubt()) {
      patienceMs = RECOUNT_MS;
    } else if (!isLosing && !isCounting && since > patienceMs) {
      isCounting = true;
      countedAt = performance.now();
      // A drift that a new inventory does not explain stays: more inventories would only cost.
      patienceMs = Math.min(2 * patienceMs, LONGEST_PATIENCE_MS);
      void putInventory(clock, put).finally(() => {
        isCounting = false;
      });
    }
    isLosing = false;
  };
  const notice = (text: string): void => put(ownLine.notice(clock.now(), text));

  const sample = (): void => {
    const before = clock.now();
    try {
      const gauge = readOrphanGauge();
      put(ownLine.sample((before + clock.now()) / 2n, gauge.orphans, gauge.limit, gauge.memory));
    } catch (error) {
      notice(`the kernel's orphan counter cannot be read: ${String(error)}`);
    }
  };
  const lookForSilence = (): void => {
    const last = lastLineAt();
    const silence = performance.now() - last;
    if (silentSince === null && silence > SILENCE_MS) {
      silentSince = last;
      notice(`bpftrace has been silent for ${Math.round(silence)} ms`);
    } else if (silentSince !== null && silence <= SILENCE_MS) {
      notice(`bpftrace speaks again, after ${((last - silentSince) / 1000).toFixed(1)} s`);
      silentSince = null;
    }
  };
  const look = (): void => {
    checkWall();
    sample();
    lookForSilence();
    const missed = pid === undefined ? null : readRecursionMisses(pid);
    if (missed !== null && missed > misses) {
      put(ownLine.lost(clock.now(), missed - misses, 'the kernel skipped the probe: another one ran on that CPU'));
      misses = missed;
      doubt();
    }
  };
  sample();
  const timer = setInterval(() => {
    const lag = performance.now() - turnAt - SAMPLE_MS;
    turnAt = performance.now();
    if (lag > STALL_MS) notice(`finwait itself was stalled for ${Math.round(lag)} ms`);
    look();
    recount();
  }, SAMPLE_MS);
  return { look, doubt, stop: () => clearInterval(timer) };
};
