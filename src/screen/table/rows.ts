import { distance } from '../../explain/evidence/sequence.ts';
import { waitingIn, waitingWhenListed } from '../../explain/waiting.ts';
import { stateName } from '../../kernel/tcp-state.ts';
import type { TraceNs } from '../../kernel/units.ts';
import { isFollowed, type Sock } from '../../lifecycle/sock.ts';
import type { PathFilter } from '../../stream/filter.ts';
import type { HostId } from '../../stream/stream.ts';
import { localEnd, peerEnd } from '../../text/endpoint.ts';
import { printable } from '../../text/printable.ts';
import { type Inventoried, VIA } from '../../wire/event.ts';
import { heldBytes, parseAnnounce, parseEvidence } from '../../wire/evidence.ts';
import type { Row } from '../frame/model.ts';

/** Where a row is seen from: its host, the moment, and the namespace that needs no naming. */
export type Vantage = { readonly host: HostId; readonly now: TraceNs; readonly netns: number | null };

/** A row's key. The host comes first: two hosts may have a sock at one address. */
export const keyOf = (host: HostId, sock: Sock): string => `${host}/${sock.sk}/${sock.generation}`;

export const silentKeyOf = (host: HostId, orphan: Inventoried): string =>
  [host, '', orphan.netns, orphan.laddr, orphan.lport, orphan.raddr, orphan.rport].join('/');

type Endpoints = Pick<Inventoried, 'family' | 'lport' | 'rport' | 'netns'>;

const hasEndpoints = (on: Endpoints, filter: PathFilter): boolean =>
  (filter.localPorts.length === 0 || filter.localPorts.includes(on.lport)) &&
  (filter.remotePorts.length === 0 || filter.remotePorts.includes(on.rport)) &&
  (filter.family === null || filter.family === on.family) &&
  (filter.netns === null || filter.netns === on.netns);

/** `--min-age` alone is told without reading a sock's lines. */
export const asksForDetail = (filter: PathFilter): boolean =>
  filter.pid !== null ||
  filter.comm !== null ||
  filter.state !== null ||
  filter.netns !== null ||
  filter.family !== null ||
  filter.localPorts.length > 0 ||
  filter.remotePorts.length > 0;

/** Whether a dying sock passes the command line's filter, as its path would if it ended now. */
export const acceptsSock = (sock: Sock, filter: PathFilter, now: TraceNs): boolean => {
  const isLate = sock.announce.via === VIA.late;
  if (!isLate && (now - sock.closedAt) / 1000 < filter.minAgeUs) return false;
  if (!asksForDetail(filter)) return true;
  const detail = parseAnnounce(sock.announce.line);
  const state = filter.state;
  return (
    hasEndpoints(detail, filter) &&
    (filter.pid === null || (!isLate && detail.pid === filter.pid)) &&
    (filter.comm === null || (!isLate && detail.comm === filter.comm)) &&
    (state === null ||
      stateName(sock.state) === state ||
      [...detail.moves, ...sock.moves].some((move) => stateName(move.from) === state || stateName(move.to) === state))
  );
};

/** The same for an orphan that only the inventory knows: nobody saw its closer. */
export const acceptsSilent = (orphan: Inventoried, filter: PathFilter): boolean =>
  hasEndpoints(orphan, filter) &&
  filter.pid === null &&
  filter.comm === null &&
  (filter.state === null || stateName(orphan.state) === filter.state);

/** A dying sock as a line of the table. */
export const rowOf = (sock: Sock, vantage: Vantage): Row => {
  const detail = parseAnnounce(sock.announce.line);
  const evidence = sock.latest === null ? detail.evidence : parseEvidence(sock.latest);
  const isLate = sock.announce.via === VIA.late;
  const isSeen = isFollowed(sock);
  const seenMs = Math.max(0, (vantage.now - sock.closedAt) / 1e6);
  return {
    sock,
    key: keyOf(vantage.host, sock),
    ageMs: isLate || !isSeen ? null : seenMs,
    ...(!isSeen && { atLeastMs: Math.max(0, (sock.announcedAt - sock.closedAt) / 1e6) }),
    ...(isLate && { atLeastMs: sock.gaps.has('older_than_capture') ? vantage.now / 1e6 : seenMs }),
    state: stateName(sock.state),
    local: localEnd(detail),
    peer: peerEnd(detail),
    netns: detail.netns === vantage.netns ? null : detail.netns,
    closer: isLate ? null : { comm: printable(detail.comm), pid: detail.pid, exiting: detail.exiting },
    heldBytes: heldBytes(evidence),
    retransmits: sock.retransmits,
    waitingFor: !isSeen ? 'unknown' : sock.lingering ? 'linger' : waitingIn(sock.state, evidence),
    certain: sock.gaps.size === (sock.gaps.has('capture_ended') ? 1 : 0),
    unackedBytes: distance(evidence.writeSeq, evidence.sndUna),
    unsentBytes: distance(evidence.writeSeq, evidence.sndNxt),
  };
};

/** An orphan that only the inventory knows: older than the capture, and silent since. */
export const silentRow = (orphan: Inventoried, vantage: Vantage): Row => ({
  key: silentKeyOf(vantage.host, orphan),
  ageMs: null,
  atLeastMs: vantage.now / 1e6,
  state: stateName(orphan.state),
  local: localEnd(orphan),
  peer: peerEnd(orphan),
  netns: orphan.netns === vantage.netns ? null : orphan.netns,
  closer: null,
  heldBytes: null,
  retransmits: orphan.retransmits,
  orphan,
  waitingFor: waitingWhenListed(orphan).waitingFor,
  certain: false,
});
