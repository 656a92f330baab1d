import type { TraceNs } from '../../kernel/units.ts';
import type { KernelLog } from '../../lifecycle/host.ts';
import type { HostSeen } from '../../wire/event.ts';

/**
 * The contract's `host` record: the newest facts, and what the kernel logged since the capture began.
 *
 * @param wallClock - event time as RFC 3339; empty before the handshake
 */
export const hostRecord = (seen: HostSeen, log: KernelLog, wallClock: (at: TraceNs) => string) => ({
  type: 'host' as const,
  at: wallClock(seen.at) || null,
  ...seen.facts,
  kernel_log: {
    ...seen.facts.kernel_log,
    orphans: seen.facts.kernel_log.is_readable ? log.orphans : null,
    memory: seen.facts.kernel_log.is_readable ? log.memory : null,
    by_process: seen.facts.kernel_log.is_readable ? log.byProcess : null,
    lines: log.lines.map(({ loggedAt, about, facility, text }) => ({
      logged_at: wallClock(loggedAt) || null,
      about,
      facility,
      text,
    })),
  },
});

export type HostRecord = Readonly<ReturnType<typeof hostRecord>>;
