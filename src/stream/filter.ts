import type { ClosePath, Dying } from '../explain/close-path.ts';
import type { Subject } from '../filter/table.ts';
import { stateName } from '../kernel/tcp-state.ts';
import type { TraceNs } from '../kernel/units.ts';
import type { Silent } from '../lifecycle/baseline.ts';
import type { Sock } from '../lifecycle/sock.ts';
import { VIA } from '../wire/event.ts';
import { parseAnnounce } from '../wire/evidence.ts';

export const subjectOfPath = (path: ClosePath | Dying): Subject => ({
  closer: path.closer,
  family: path.family,
  lport: path.lport,
  rport: path.rport,
  netns: path.netns,
  // Only the present state of a baseline orphan is known.
  wasIn: (state) =>
    path.state === state ||
    path.closed_in === state ||
    path.path.some((step) => step.from === state || step.to === state),
});

/** The subject is what its path would be if it ended now. */
export const subjectOfSock = (sock: Sock): Subject => {
  const { family, lport, rport, netns, pid, comm, moves } = parseAnnounce(sock.announce.line);
  return {
    closer: isFoundDead(sock) ? null : { pid, comm },
    family,
    lport,
    rport,
    netns,
    wasIn: (state) =>
      stateName(sock.state) === state ||
      [...moves, ...sock.moves].some(({ from, to }) => stateName(from) === state || stateName(to) === state),
  };
};

/** Microseconds since its close; null where that was not observed. */
export const dyingUsOf = (sock: Sock, now: TraceNs): number | null =>
  isFoundDead(sock) ? null : (now - sock.closedAt) / 1000;

const isFoundDead = (sock: Sock): boolean => sock.announce.via === VIA.foundDead;

/** The subject of an orphan that only the inventory knows: nobody saw its closer or its close. */
export const subjectOfSilent = ({ family, lport, rport, netns, state }: Silent): Subject => ({
  closer: null,
  family,
  lport,
  rport,
  netns,
  wasIn: (wanted) => stateName(state) === wanted,
});
