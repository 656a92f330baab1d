import { seconds } from './fin-wait2.ts';
import type { Dying, Reaping } from './model.ts';

/** The rule that reaps a sock, in words, with the figures it was applied to. */
export const reasonsOf = ({ rule, limit, isAlive, firings }: Reaping, dying: Dying): readonly string[] => {
  const { orphanRetries, rtoMs, rtoMaxMs, pressure } = dying;
  const from =
    orphanRetries === limit ? `tcp_orphan_retries ${limit}` : `tcp_orphan_retries ${orphanRetries}, taken as ${limit}`;
  const most = seconds(rtoMaxMs);
  const ticks = firings.length === 1 ? 'at the next tick' : `at the ${ordinal(firings.length)} tick from here`;
  switch (rule) {
    case 'retries':
      return [
        isAlive
          ? `tcp_write_timeout gives up ${ticks} of a timer that doubles from ${seconds(rtoMs)} to at most ${most} (${from})`
          : `tcp_write_timeout gives up ${ticks}: icsk_rto is at its maximum of ${most} by then (${from})`,
      ];
    case 'window_probes':
      return [
        isAlive
          ? `tcp_probe_timer gives up ${ticks}, after ${limit} unanswered probes (${from})`
          : `tcp_probe_timer gives up ${ticks}: its interval is at its maximum of ${most} by then (${from})`,
      ];
    case 'user_timeout':
      return [
        `TCP_USER_TIMEOUT ends it ${seconds(limit)} after the timer's first tick, in place of tcp_orphan_retries`,
      ];
    case 'orphan_limit':
      return [
        `tcp_out_of_resources kills it ${ticks}: ${pressure?.orphans ?? 0} orphans, counted ${2 ** limit} ${limit === 0 ? 'time' : 'times'}, exceed tcp_max_orphans, ${pressure?.maxOrphans ?? 0}`,
      ];
  }
};

/** Why window probes may go on for ever. @see Linux net/ipv4/tcp_output.c, tcp_send_probe0 */
export const neverReasons = ({ retries2, orphanRetries, rtoMaxMs }: Dying, silentMs: number): readonly string[] => [
  `the peer answers window probes, and their backoff stops at tcp_retries2, ${retries2}: short of the maximum interval of ${seconds(rtoMaxMs)}, or of tcp_orphan_retries ${orphanRetries}`,
  `if it stops answering, tcp_probe_timer gives up in ${seconds(silentMs)}`,
];

const ordinal = (n: number): string => {
  const ending = n % 100 >= 11 && n % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${ending}`;
};
