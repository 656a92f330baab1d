import { uptime } from 'node:os';
import { ownLine } from '../../wire/own-lines.ts';
import type { BootClock } from './boot-clock.ts';

/**
 * A smaller step is not told from the error of our clocks: on a host that has slept the boot clock is known to some
 * milliseconds.
 */
const LEAST_STEP_NS = 10_000_000n;
/** /proc/uptime has 10 ms. If the boot clock is further off, the host has just slept: nothing can be said. */
const UPTIME_ERROR_S = 0.025;
const MS = 1_000_000n;
/** Readings in search of the moment at which the wall clock's millisecond changes. */
const MOST_READINGS = 100_000;

/** The clocks; a test has others. */
export type Clocks = {
  readonly boot: Pick<BootClock, 'now'>;
  /** The wall clock, ms, rounded down. */
  readonly wallMs: () => number;
  /** CLOCK_BOOTTIME, seconds, to 10 ms: a second opinion on the boot clock. */
  readonly uptimeS: () => number;
};

export const systemClocks = (boot: BootClock): Clocks => ({ boot, wallMs: Date.now, uptimeS: uptime });

/**
 * Looks whether the wall clock was set, and puts the step into the stream. All else that moves the wall clock moves the
 * boot clock as well (adjtimex), so their difference is constant between two steps.
 *
 * A reading of two clocks takes time, and a busy machine may stop us in between. So it gives the bounds of the
 * difference, and only a difference that lies outside of them is a step.
 *
 * @param offsetNs - wall clock minus boot clock at the handshake
 * @returns to be called once a second
 */
export const createWallCheck = (offsetNs: bigint, clocks: Clocks, put: (line: string) => void): (() => void) => {
  const { boot, wallMs, uptimeS } = clocks;
  let offset = offsetNs;
  return () => {
    const before = boot.now();
    const wall = BigInt(wallMs()) * MS;
    const after = boot.now();
    const isEarlier = offset > wall + MS - before + LEAST_STEP_NS;
    const isLater = offset < wall - after - LEAST_STEP_NS;
    if (!isEarlier && !isLater) return;
    if (Math.abs(uptimeS() - Number(boot.now()) / 1e9) > UPTIME_ERROR_S) return;
    const exact = readExactly(clocks);
    offset = exact.wallNs - exact.bootNs;
    put(ownLine.wallStep(exact.bootNs, exact.wallNs));
  };
};

/** Both clocks at the moment at which the wall clock's millisecond begins, which takes up to 1 ms. */
const readExactly = ({ boot, wallMs }: Clocks): { readonly bootNs: bigint; readonly wallNs: bigint } => {
  const first = wallMs();
  let bootNs = boot.now();
  for (let i = 0; i < MOST_READINGS; i++) {
    const now = wallMs();
    if (now !== first) return { bootNs, wallNs: BigInt(now) * MS };
    bootNs = boot.now();
  }
  return { bootNs, wallNs: BigInt(first) * MS };
};
