import { isRead, type Silent } from '../lifecycle/baseline.ts';
import { isFollowed, type Sock } from '../lifecycle/sock.ts';
import { heldBytes, parseEvidence } from '../wire/evidence.ts';
import type { ClosePath, Dying } from './close-path.ts';
import { type Deadline, deadlineOf, type Host } from './deadline/deadline.ts';
import { deadlineOfUntraced } from './deadline/of-silent.ts';
import { type Delivery, deliveryOf, deliveryOfRead } from './evidence/delivery.ts';
import { recordOf } from './evidence/record.ts';
import { standingOfRead } from './evidence/standing.ts';

/** The newest evidence about a socket that still is dying: the time when it held, and the kernel memory in bytes. */
export type Now = {
  readonly at: Host['now'];
  readonly heldBytes: number | null;
  readonly delivery: Delivery | null;
};

/** The newest evidence of a dying sock. @param at - when it was known to hold; @param now - time of the newest event */
export const nowOf = (sock: Sock, at: Host['now'], now: Host['now']): Now => ({
  at,
  // An announcement at the close is made before the kernel trims the queues: its figure is the one of the close.
  heldBytes: sock.latest === null || !isFollowed(sock) ? null : heldBytes(parseEvidence(sock.latest)),
  delivery:
    sock.latest === null || !isFollowed(sock)
      ? null
      : deliveryOf(sock, parseEvidence(sock.latest), { seenAt: at, now }),
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
    delivered_bytes_per_second: now.delivery === null ? null : Math.round(now.delivery.bytesPerSecond),
    delivered_over_us: now.delivery?.overUs ?? null,
    delivered_expected_at: now.delivery?.doneAt == null ? null : wallClock(now.delivery.doneAt),
    next_timer_at: isAt ? wallClock(deadline.nextTimerAt) : null,
    deadline_because: deadline.because,
  };
};

/** The contract's word for the kind of a deadline. */
export const deadlineWord = ({ kind }: Deadline): Dying['deadline'] => (kind === 'undecided' ? 'unknown' : kind);

/** The newest evidence of an orphan from which no event has come. */
export const nowOfSilent = (orphan: Silent, now: Host['now']): Now => ({
  at: orphan.reading?.at ?? orphan.at,
  heldBytes: orphan.reading === null ? null : heldBytes(orphan.reading),
  delivery: isRead(orphan) ? deliveryOfRead(orphan, standingOfRead(orphan).last, now) : null,
});

/**
 * The deadline of a dying sock, or of an orphan from which no event has come.
 *
 * @param evidenceAt - when a sock's newest evidence was known to hold
 */
export const deadlineOfDying = (dying: Sock | Silent, host: Host, evidenceAt: (sock: Sock) => Host['now']): Deadline =>
  'kind' in dying ? deadlineOfUntraced(dying, host) : deadlineOf(recordOf(dying, host.hello), host, evidenceAt(dying));
