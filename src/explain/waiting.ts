import { stateName, TCP_STATES } from '../kernel/tcp-state.ts';
import type { TraceNs } from '../kernel/units.ts';
import { isRead, type Read, type Silent } from '../lifecycle/baseline.ts';
import type { Sock } from '../lifecycle/sock.ts';
import { duration } from '../text/duration.ts';
import type { Evidence } from '../wire/evidence.ts';
import { delivering } from './causes/delivering.ts';
import { WAITS } from './causes/order.ts';
import type { Side, WaitingFor } from './close-path.ts';
import { deliveredMost, deliveryOf, deliveryOfRead, type Times } from './evidence/delivery.ts';
import type { SockRecord } from './evidence/record.ts';
import { isAwaitingAck } from './evidence/resources.ts';
import { standingOf, standingOfRead } from './evidence/standing.ts';
import { hasNoRoom, isWindowShut, wasShutAtClose } from './evidence/window.ts';

type Word = (typeof WAITS)[number];

/** The word for each state, with the window open or shut. Made once, since the screen looks it up for every socket. */
const wordsWhere = (isShut: boolean): readonly (Word | undefined)[] =>
  TCP_STATES.map((_, state) =>
    WAITS.find(({ question }) => question({ state, isWindowShut: isShut, isLingering: false, isDelivering: false })),
  );
const OPEN = wordsWhere(false);
const SHUT = wordsWhere(true);

const wordFor = (state: number, isShut: boolean): Word | undefined => (isShut ? SHUT : OPEN)[state];

const waiting = (state: number, isShut: boolean): WaitingFor => wordFor(state, isShut)?.name ?? 'unknown';

const waitingIn = (state: number, evidence: Evidence): WaitingFor => waiting(state, isWindowShut(evidence));

/**
 * The word for what a living sock waits for, where its evidence is not told.
 *
 * @param evidence - the newest there is
 */
export const waitingWord = (sock: Sock, evidence: Evidence, times: Times): WaitingFor => {
  if (sock.lingering) return 'linger';
  return deliveryOf(sock, evidence, times) === null ? waitingIn(sock.state, evidence) : 'delivering';
};

/** The word for what a dying sock waits for now, the side that keeps it, and the evidence in a sentence. */
export type Waiting = { readonly waitingFor: WaitingFor; readonly side: Side; readonly because: string };

/**
 * Tells what a sock waits for by its newest evidence, not what it waited for longest. `unknown` if that is too old.
 *
 * `side` is `unknown` if an acknowledgement is missing. The peer may be gone or the network may drop packets: that does
 * not show here, unless ICMP has said so.
 */
export const waitingNow = (record: SockRecord, times: Times): Waiting => {
  const { sock, last } = record;
  const agedByMs = (times.now - times.seenAt) / 1e6;
  const delivery = deliveryOf(sock, last, times);
  const wait = {
    state: sock.state,
    isWindowShut: isWindowShut(last),
    isLingering: sock.lingering,
    isDelivering: delivery !== null,
  };
  const word = WAITS.find(({ question }) => question(wait));
  if (word === undefined) return noRule(sock.state);
  if (isContradicted(word.name, last.packetsOut, last.rto * LONGEST_JIFFY_MS, agedByMs))
    return tooOld(sock.state, agedByMs);
  const { because, side = word.side } = word.evidence(standingOf(record, delivery));
  return { waitingFor: word.name, side, because };
};

/** HZ is 100 at least. A jiffy that is assumed too long only delays the doubt. */
const LONGEST_JIFFY_MS = 10;
/** Timers are overdue by less than this, and lines take less to come. */
const SLACK_MS = 1000;
const RTOS = 4;

/**
 * True if time alone contradicts the evidence: segments in flight are sent again after an RTO, and each time a line
 * comes. If none came for several RTOs, the evidence is no longer true, and by now another timer is pending.
 */
const isContradicted = (word: WaitingFor, packetsOut: number, rtoMs: number, agedByMs: number): boolean =>
  (word === 'ack' || word === 'last_ack') && packetsOut > 0 && agedByMs > RTOS * rtoMs + SLACK_MS;

/**
 * Tells what an orphan of the baseline waits for, and the side that keeps it: by its newest reading, else by its line of
 * the inventory.
 *
 * @returns `because` is null where only the inventory knows it
 */
export const waitingOfSilent = (
  orphan: Silent,
  now: TraceNs,
): Waiting | (Omit<Waiting, 'because'> & { readonly because: null }) => {
  if (isRead(orphan)) return waitingWhenRead(orphan, now);
  for (const { name, listed } of WAITS) {
    const side = listed?.(orphan) ?? null;
    if (side !== null) return { waitingFor: name, side, because: null };
  }
  return { waitingFor: 'unknown', side: 'unknown', because: null };
};

const waitingWhenRead = (read: Read, now: TraceNs): Waiting => {
  const agedByMs = (now - read.reading.at) / 1e6;
  const standing = standingOfRead(read);
  const delivery = deliveryOfRead(read, standing.last, now);
  const word = delivery === null ? wordFor(read.state, isWindowShut(standing.last)) : delivering;
  if (word === undefined) return noRule(read.state);
  if (isContradicted(word.name, read.reading.packetsOut, read.reading.rtoMs, agedByMs))
    return tooOld(read.state, agedByMs);
  const { because, side = word.side } = word.evidence({ ...standing, delivery });
  return { waitingFor: word.name, side, because };
};

const noRule = (state: number): Waiting => ({
  waitingFor: 'unknown',
  side: 'unknown',
  because: `in ${stateName(state)}: no rule says what it waits for`,
});

const tooOld = (state: number, agedByMs: number): Waiting => ({
  waitingFor: 'unknown',
  side: 'unknown',
  because: `in ${stateName(state)}: its newest evidence is ${duration(agedByMs * 1000)} old, and a retransmission would have come since`,
});

/**
 * The time until which a shut window held the sock up: its whole life, or up to the first retransmission, which shows
 * that something was in flight. The end of the sock wipes the signs of a shut window. Then unanswered probes show it,
 * or a window that was shut at the close.
 *
 * @returns -Infinity if no window was shut
 */
const windowUntil = (record: SockRecord): number => {
  const { sock, last } = record;
  if (isWindowShut(last) || (last.probesOut > 0 && hasNoRoom(last))) return Number.POSITIVE_INFINITY;
  if (!wasShutAtClose(record)) return Number.NEGATIVE_INFINITY;
  return sock.firstRetransmitAt ?? Number.POSITIVE_INFINITY;
};

/** The two parts of each wait: first the time while the window was shut, then the time after it. */
const SHUT_THEN_OPEN = [true, false] as const;

/**
 * The thing that the sock waited for longest between its close and `until`.
 *
 * @returns `unknown` if the close was not observed, `nothing` if it died inside tcp_close
 */
export const waitedFor = (record: SockRecord, until: TraceNs): WaitingFor => {
  const { sock, closedAt } = record;
  if (sock.lingering) return 'linger';
  if (closedAt === null) return sock.destroyedAt === null ? waitingIn(sock.state, record.last) : 'unknown';
  const { moves } = record;
  let state = moves.findLast((move) => move.at <= closedAt)?.to ?? record.closedIn ?? 0;
  let since: number = closedAt;
  let longest = 0;
  let answer: WaitingFor = 'nothing';
  const windowEnd = windowUntil(record);
  for (let i = 0; i <= moves.length; i++) {
    const move = moves[i];
    if (move !== undefined && move.at <= closedAt) continue;
    const end = move?.at ?? until;
    for (const isShut of SHUT_THEN_OPEN) {
      const waited = waiting(state, isShut);
      const span = isShut ? Math.min(end, windowEnd) - since : end - Math.max(since, windowEnd);
      if (span <= longest || waited === 'unknown') continue;
      longest = span;
      answer = waited;
    }
    if (isAwaitingAck(state) && end - since >= longest && deliveredMost(sock, since, end)) {
      longest = end - since;
      answer = 'delivering';
    }
    if (move === undefined) break;
    state = move.to;
    since = move.at;
  }
  const lingered = sock.orphanAt === null ? 0 : sock.orphanAt - closedAt;
  if (lingered > 0 && lingered >= longest) return 'linger';
  return answer;
};
