import { type Dying, type Reaping, reapingOf } from '../../src/explain/deadline/model.ts';
import type { Pressure } from '../../src/explain/kernel/resources.ts';
import { PROBE_RATELIMIT_MS } from '../../src/explain/kernel/rto.ts';
import type { Wheel } from '../../src/explain/kernel/wheel.ts';

/** A wheel that adds nothing: the kernel's arithmetic alone. */
export const NO_DELAY: Wheel = (at, ms) => at + ms * 1e6;

/** A host of which nothing is known. */
export const NO_PRESSURE: Pressure = { orphans: null, maxOrphans: null, memPages: null, memHigh: null };

/** One with so many orphans. */
export const orphansOf = (orphans: number, maxOrphans: number): Pressure => ({ ...NO_PRESSURE, orphans, maxOrphans });

/** One whose TCP has so many pages. */
export const pagesOf = (memPages: number, memHigh: number): Pressure => ({ ...NO_PRESSURE, memPages, memHigh });

/** An orphan in FIN_WAIT1 whose retransmission timer was set now; rto 204 ms, no sysctl or option set. */
export const aDying = (change: Partial<Dying> = {}): Dying => {
  const rtoMs = change.rtoMs ?? 204;
  return {
    timer: { kind: 'rto', atNs: rtoMs * 1e6, setMs: rtoMs },
    rtoMs,
    rtoMaxMs: 120_000,
    retransmits: 0,
    firstRetransmitAtNs: null,
    backoff: 0,
    probesOut: 0,
    isAnswering: false,
    isDroppedHere: false,
    probingSinceNs: null,
    userTimeoutMs: 0,
    orphanRetries: 0,
    retries2: 15,
    errSoft: false,
    orphanAtNs: Number.NEGATIVE_INFINITY,
    lastSendAtNs: null,
    pressure: NO_PRESSURE,
    wmemQueued: 0,
    jiffyMs: 4,
    ...change,
  };
};

/** One whose window is shut, the probe timer set now. */
export const aProbing = (change: Partial<Dying> = {}): Dying => {
  const rtoMs = change.rtoMs ?? 208;
  return aDying({ rtoMs, timer: { kind: 'probe', atNs: rtoMs * 1e6, setMs: rtoMs }, ...change });
};

/** Seconds from the timer's arming to the reaping. */
export const reapedAfter = (dying: Dying, wheel: Wheel = NO_DELAY): number => {
  const reaping = reapingOf(dying, wheel);
  return reaping === 'never' ? Number.POSITIVE_INFINITY : reaping.earliestNs / 1e9;
};

/** A reaping that comes. */
export const mustReap = (dying: Dying, wheel: Wheel = NO_DELAY): Reaping => {
  const reaping = reapingOf(dying, wheel);
  if (reaping === 'never') throw new Error('it is never reaped');
  return reaping;
};

/** Probes of `n` that a peer has not answered which answers none within half a second of another. */
const unansweredOf = (dying: Dying, reaping: Reaping, n: number): number => {
  let [answeredNs, unanswered] = [dying.backoff === 0 ? Number.NEGATIVE_INFINITY : 0, dying.probesOut];
  for (const { expectedNs } of reaping.firings.slice(0, n)) {
    const isAnswered = expectedNs - answeredNs >= PROBE_RATELIMIT_MS * 1e6;
    unanswered = isAnswered ? 0 : unanswered + 1;
    if (isAnswered) answeredNs = expectedNs;
  }
  return unanswered;
};

/** The sock as it stands right after the timer's `n`th firing (from 1) of a reaping that was followed without delay. */
export const afterTicks = (dying: Dying, reaping: Reaping, n: number): Dying => {
  const fired = reaping.firings[n - 1]?.earliestNs ?? 0;
  const next = reaping.firings[n]?.earliestNs ?? 0;
  const timer = { kind: dying.timer.kind, atNs: next, setMs: (next - fired) / 1e6 };
  if (dying.timer.kind === 'probe') {
    return {
      ...dying,
      timer,
      backoff: Math.min(dying.retries2, dying.backoff + n),
      probesOut: dying.isAnswering ? unansweredOf(dying, reaping, n) : dying.probesOut + n,
      probingSinceNs: dying.probingSinceNs ?? reaping.firings[0]?.earliestNs ?? null,
    };
  }
  return {
    ...dying,
    timer,
    rtoMs: Math.min(dying.rtoMs * 2 ** n, dying.rtoMaxMs),
    retransmits: dying.retransmits + n,
    firstRetransmitAtNs: dying.firstRetransmitAtNs ?? reaping.firings[0]?.earliestNs ?? null,
  };
};
