import type { Sock } from '../lifecycle/sock.ts';
import type { ClosePath, Dying } from './close-path.ts';
import { type Deadline, deadlineOf, deadlineOfSilent, type Host } from './deadline/deadline.ts';
import { recordOf } from './record.ts';

/** The contract's `dying` of a socket: its path so far, and its deadline. */
export const dyingOf = (path: ClosePath, deadline: Deadline, wallClock: (at: Host['now']) => string): Dying => {
  const isAt = deadline.kind === 'at';
  return {
    ...path,
    type: 'dying',
    deadline: deadline.kind === 'undecided' ? 'unknown' : deadline.kind,
    deadline_at: isAt ? wallClock(deadline.at) : null,
    deadline_expected_at: isAt ? wallClock(deadline.expectedAt) : null,
    deadline_if_answered_at: isAt && deadline.ifAnsweredAt !== null ? wallClock(deadline.ifAnsweredAt) : null,
    next_timer_at: isAt ? wallClock(deadline.nextTimerAt) : null,
    deadline_because: deadline.because,
  };
};

/** The deadline of a sock by the newest that is known of it; of one that only the inventory knows where `sock` is null. */
export const deadlineOfSock = (sock: Sock | null, host: Host): Deadline =>
  sock === null ? deadlineOfSilent() : deadlineOf(recordOf(sock, host.hello), host);
