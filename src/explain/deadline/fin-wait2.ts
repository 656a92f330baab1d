import { settingTime } from '../../text/duration.ts';
import { finTimeOf, orphanedInFinWait2Ms } from '../kernel/fin-time.ts';
import type { Wheel } from '../kernel/wheel.ts';
import type { Rule } from './model.ts';

/** The kernel did not replace a sock by a minisock at once if it has been in FIN_WAIT2 for longer than this. */
const AT_ONCE_NS = 100e6;

export type FinWait2 = {
  /** The time from which it is both an orphan and in FIN_WAIT2, ns. */
  readonly sinceNs: number;
  readonly nowNs: number;
  readonly rtoMs: number;
  /** net.ipv4.tcp_fin_timeout. */
  readonly finTimeoutMs: number;
  /** TCP_LINGER2: 0 if unset, -1 if negative. */
  readonly linger2Ms: number;
};

export type FinWait2End = {
  readonly rule: Extract<Rule, 'fin_timeout' | 'fin_wait2_timewait' | 'linger2'>;
  readonly atNs: number;
  readonly expectedNs: number;
  readonly because: readonly string[];
};

/**
 * The time that an orphan stays in FIN_WAIT2 as a full sk.
 *
 * @see Linux net/ipv4/tcp.c __tcp_close, include/net/tcp.h tcp_fin_time, net/ipv4/tcp_timer.c tcp_keepalive_timer
 */
export const finWait2End = (on: FinWait2, wheel: Wheel): FinWait2End => {
  const { sinceNs, linger2Ms } = on;
  if (linger2Ms < 0) {
    const because = ['TCP_LINGER2 is negative: in FIN_WAIT2 it is reset at once'];
    return { rule: 'linger2', atNs: sinceNs, expectedNs: sinceNs, because };
  }
  const { setMs, leastMs, ms: finTimeMs, setting } = finTimeOf(on.rtoMs, on.finTimeoutMs, linger2Ms);
  const source =
    leastMs > setMs
      ? `3.5 times icsk_rto is ${settingTime(leastMs)}, more than ${setting}`
      : `${setting} is ${settingTime(setMs)}`;
  const restMs = orphanedInFinWait2Ms(finTimeMs);
  if (restMs > 0) {
    return {
      rule: 'fin_wait2_timewait',
      atNs: sinceNs + restMs * 1e6,
      expectedNs: wheel(sinceNs, restMs),
      because: [
        `${source}: beyond 60 s it stays an orphan in FIN_WAIT2, for ${settingTime(restMs)} (tcp_fin_time)`,
        `it becomes a minisock in ${settingTime(Math.max(0, restMs - (on.nowNs - sinceNs) / 1e6))}, for ${settingTime(restMs)} more (tcp_keepalive_timer)`,
      ],
    };
  }
  if (on.nowNs <= sinceNs + AT_ONCE_NS) {
    const because = [`${source}: it becomes a minisock at once, which lives that long (tcp_time_wait)`];
    return { rule: 'fin_wait2_timewait', atNs: sinceNs, expectedNs: sinceNs, because };
  }
  return {
    rule: 'fin_timeout',
    atNs: sinceNs + finTimeMs * 1e6,
    expectedNs: wheel(sinceNs, finTimeMs),
    because: [
      `${source}; no minisock took over: its lock was taken when the ACK came, or the ACK carried a FIN`,
      'tcp_keepalive_timer resets it when that time is over',
    ],
  };
};
