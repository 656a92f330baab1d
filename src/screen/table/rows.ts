import { distance } from '../../explain/evidence/sequence.ts';
import { waitingOfSilent, waitingWord } from '../../explain/waiting.ts';
import { accepts } from '../../filter/filter.ts';
import type { PathFilter } from '../../filter/table.ts';
import { stateName } from '../../kernel/tcp-state.ts';
import type { TraceNs } from '../../kernel/units.ts';
import type { Silent } from '../../lifecycle/baseline.ts';
import { isFollowed, type Sock } from '../../lifecycle/sock.ts';
import { dyingUsOf, subjectOfSilent, subjectOfSock } from '../../stream/filter.ts';
import type { HostId } from '../../stream/stream.ts';
import { localEnd, peerEnd } from '../../text/endpoint.ts';
import { printable } from '../../text/printable.ts';
import { VIA } from '../../wire/event.ts';
import { heldBytes, parseAnnounce, parseEvidence } from '../../wire/evidence.ts';
import type { Row } from '../frame/model.ts';

/** The viewpoint of a row: its host, the moment, and the namespace that needs no naming. */
export type Vantage = {
  readonly host: HostId;
  readonly now: TraceNs;
  readonly netns: number | null;
  /** The time at which a sock's newest evidence was known to hold. */
  readonly evidenceAt: (sock: Sock) => TraceNs;
  /** Only rows that are ordered by it or shown are worth the work. */
  readonly deadlineMs?: (dying: Sock | Silent) => NonNullable<Row['deadlineMs']> | null;
};

/** A row's key. The host comes first: two hosts may have a sock at one address. */
export const keyOf = (host: HostId, sock: Sock): string => `${host}/${sock.sk}/${sock.generation}`;

export const silentKeyOf = (host: HostId, orphan: Silent): string =>
  [host, '', orphan.netns, orphan.laddr, orphan.lport, orphan.raddr, orphan.rport].join('/');

/** True if a dying sock passes the command line's filter, as its path would if it ended now. */
export const acceptsSock = (sock: Sock, filter: PathFilter, now: TraceNs): boolean =>
  accepts(filter, dyingUsOf(sock, now), () => subjectOfSock(sock));

/** True if an orphan passes that only the inventory knows. */
export const acceptsSilent = (orphan: Silent, filter: PathFilter): boolean =>
  accepts(filter, null, () => subjectOfSilent(orphan));

/** A dying sock as a line of the table. */
export const rowOf = (sock: Sock, vantage: Vantage): Row => {
  const detail = parseAnnounce(sock.announce.line);
  const evidence = sock.latest === null ? detail.evidence : parseEvidence(sock.latest);
  const isFoundDead = sock.announce.via === VIA.foundDead;
  const isSeen = isFollowed(sock);
  const seenMs = Math.max(0, (vantage.now - sock.closedAt) / 1e6);
  return {
    sock,
    key: keyOf(vantage.host, sock),
    ageMs: isFoundDead || !isSeen ? null : seenMs,
    ...(!isSeen && { atLeastMs: Math.max(0, (sock.announcedAt - sock.closedAt) / 1e6) }),
    ...(isFoundDead && { atLeastMs: sock.gaps.has('older_than_capture') ? vantage.now / 1e6 : seenMs }),
    state: stateName(sock.state),
    local: localEnd(detail),
    peer: peerEnd(detail),
    netns: detail.netns === vantage.netns ? null : detail.netns,
    closer: isFoundDead ? null : { comm: printable(detail.comm), pid: detail.pid, exiting: detail.exiting },
    heldBytes: heldBytes(evidence),
    retransmits: sock.retransmits,
    waitingFor: isSeen
      ? waitingWord(sock, evidence, { seenAt: vantage.evidenceAt(sock), now: vantage.now })
      : 'unknown',
    certain: sock.gaps.size === (sock.gaps.has('capture_ended') ? 1 : 0),
    unackedBytes: distance(evidence.writeSeq, evidence.sndUna),
    unsentBytes: distance(evidence.writeSeq, evidence.sndNxt),
  };
};

/** An orphan of the baseline from which no event has come: only the inventory and the readings know it. */
export const silentRow = (orphan: Silent, vantage: Vantage): Row => ({
  key: silentKeyOf(vantage.host, orphan),
  ageMs: null,
  atLeastMs: vantage.now / 1e6,
  state: stateName(orphan.state),
  local: localEnd(orphan),
  peer: peerEnd(orphan),
  netns: orphan.netns === vantage.netns ? null : orphan.netns,
  closer: null,
  heldBytes: heldBySilent(orphan),
  unackedBytes: orphan.txQueue,
  ...(orphan.reading !== null && { unsentBytes: orphan.reading.notSent }),
  retransmits: orphan.retransmits,
  orphan,
  waitingFor: waitingOfSilent(orphan, vantage.now).waitingFor,
  certain: false,
});

/** Kernel memory that it held when it was read, bytes; null where it was not. */
export const heldBySilent = ({ reading }: Silent): number | null => (reading === null ? null : heldBytes(reading));
