import { TCP } from '../kernel/tcp-state.ts';
import { traceNs } from '../kernel/units.ts';
import { isFollowed, type Sock } from '../lifecycle/sock.ts';
import type { Inventoried } from '../wire/event.ts';
import { heldBytes, parseEvidence } from '../wire/evidence.ts';
import type { ClosePath, Dying } from './close-path.ts';
import { type Deadline, deadlineOf, deadlineOfSilent, type Host } from './deadline/deadline.ts';
import { isOverdue } from './deadline/overdue.ts';
import { recordOf } from './evidence/record.ts';
import { WHEEL_SHARE } from './kernel/wheel.ts';

/** The newest evidence about a socket that still is dying: the time when it held, and the kernel memory in bytes. */
export type Now = { readonly at: Host['now']; readonly heldBytes: number | null };

/** The newest evidence of a dying sock. @param at - when it was known to hold */
export const nowOf = (sock: Sock, at: Host['now']): Now => ({
  at,
  // An announcement at the close is made before the kernel trims the queues: its figure is the one of the close.
  heldBytes: sock.latest === null || !isFollowed(sock) ? null : heldBytes(parseEvidence(sock.latest)),
});

/** The contract's `dying` of a socket: its path so far, its newest evidence, and its deadline. */
export const dyingOf = (
  path: ClosePath,
  deadline: Deadline,
  now: Now,
  wallClock: (at: Host['now']) => string,
): Dying => {
  const isAt = deadline.kind === 'at';
  // Every socket that still is dying has this gap. It casts no doubt on the earlier observations.
  const gaps = path.gaps.filter((gap) => gap !== 'capture_ended');
  return {
    ...path,
    type: 'dying',
    gaps,
    certain: gaps.length === 0,
    refreshed_at: wallClock(now.at),
    held_now_bytes: now.heldBytes,
    deadline: deadlineWord(deadline),
    deadline_at: isAt ? wallClock(deadline.at) : null,
    deadline_expected_at: isAt ? wallClock(deadline.expectedAt) : null,
    deadline_if_answered_at: isAt && deadline.ifAnsweredAt !== null ? wallClock(deadline.ifAnsweredAt) : null,
    deadline_if_late_at: isAt && deadline.ifOverdueAt !== null ? wallClock(deadline.ifOverdueAt) : null,
    next_timer_at: isAt ? wallClock(deadline.nextTimerAt) : null,
    deadline_because: deadline.because,
  };
};

/** The contract's word for the kind of a deadline. */
export const deadlineWord = ({ kind }: Deadline): Dying['deadline'] => (kind === 'undecided' ? 'unknown' : kind);

/** The deadline of a dying sock, or of an orphan that only the inventory knows. */
export const deadlineOfDying = (dying: Sock | Inventoried, host: Host): Deadline => {
  if (!('kind' in dying)) return deadlineOf(recordOf(dying, host.hello), host);
  const { timer, state, at: listedAt } = dying;
  if (state !== TCP.FIN_WAIT2 || timer?.kind !== 2) return deadlineOfSilent();
  const at = traceNs(listedAt + timer.ms * 1e6);
  const cutNs = cutOff(timer.ms) * 1e6;
  const expectedAt = traceNs(at + timer.ms * 1e6 * WHEEL_SHARE * 0.25 + cutNs / 2);
  // A timer that is more overdue than that was a different timer.
  if (isOverdue(at, listedAt, host.now - cutNs)) return deadlineOfSilent();
  return {
    kind: 'at',
    at,
    expectedAt,
    nextTimerAt: at,
    ifAnsweredAt: null,
    ifOverdueAt: null,
    rule: 'fin_wait2_timewait',
    because: [
      `when it was listed its FIN_WAIT2 timer was due in ${timer.ms} ms; then a minisock takes over, and it is no orphan any more`,
    ],
    isExact: false,
  };
};

/**
 * The time that ss may have cut off a listed time, ms. It writes times from 10 s in seconds, and from 10 min in
 * minutes.
 */
const cutOff = (ms: number): number =>
  ms >= 600_000 && ms % 60_000 === 0 ? 60_000 : ms >= 10_000 && ms % 1000 === 0 ? 1000 : 0;
