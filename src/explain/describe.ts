import { stateName, TCP, type TcpState } from '../kernel/tcp-state.ts';
import type { TraceNs } from '../kernel/units.ts';
import type { Reading, Silent } from '../lifecycle/baseline.ts';
import type { Sock } from '../lifecycle/sock.ts';
import { counted } from '../text/count.ts';
import { settingTime } from '../text/duration.ts';
import { moment } from '../text/moment.ts';
import type { Hello } from '../wire/event.ts';
import { VIA } from '../wire/event.ts';
import { type AnnounceDetail, HOLDER, heldBytes, holderOf } from '../wire/evidence.ts';
import { adviceFor } from './advice.ts';
import { ENDINGS } from './causes/order.ts';
import type { ClosePath, Closer, Dying, EndedBy, How, Step } from './close-path.ts';
import { type Ending, endingOf } from './ending.ts';
import type { ResetReasons } from './evidence/facts.ts';
import { foundIn } from './evidence/found-in.ts';
import { isEarlyMoveMissed, recordOf, type SockRecord } from './evidence/record.ts';
import { distance, hasSequence, unreadBytes, withoutFin } from './evidence/sequence.ts';
import { isAny, isTupleCleared } from './evidence/tuple.ts';
import { type Waiting, waitedFor, waitingNow, waitingOfSilent } from './waiting.ts';

export type DescribeContext = {
  readonly hello: Hello;
  readonly wallClock: (at: TraceNs) => string;
  readonly reasons: ResetReasons;
  /** finwait's own network namespace; null where unknown. */
  readonly ownNetns: number | null;
};

/**
 * The close path of a sock, as far as it was observed.
 *
 * @param now - time of the newest event; a sock that still is dying has waited until then
 * @param deadline - the kind of deadline of a sock that still is dying, if known: the advice depends on it
 * @param evidenceAt - when its newest evidence was known to hold; defaults to its newest line's time
 * @returns the contract's `close_path`; `ended_by` is null while it still is dying
 */
export const describeSock = (
  sock: Sock,
  now: TraceNs,
  context: DescribeContext,
  deadline: Dying['deadline'] = 'unknown',
  evidenceAt: TraceNs | null = null,
): ClosePath => {
  const record = recordOf(sock, context.hello);
  const path = pathOf(record, now, context, evidenceAt);
  const { userTimeoutMs, orphanRetries } = record.detail;
  const advice = adviceFor(path, context.ownNetns, { userTimeoutMs, orphanRetries, deadline });
  // Most ends need no advice, and copying every field costs time.
  return advice.length === 0 ? path : { ...path, advice };
};

const pathOf = (record: SockRecord, now: TraceNs, context: DescribeContext, evidenceAt: TraceNs | null): ClosePath => {
  const { sock, detail, closedAt, closedIn, last } = record;
  const ending = sock.destroyedAt === null ? null : endingOf(record, context.reasons);
  const isLostSight = sock.destroyedAt === null && !record.isFollowed;
  const waits =
    sock.destroyedAt === null
      ? isLostSight
        ? LOST_SIGHT
        : waitingNow(record, { seenAt: evidenceAt ?? sock.latestAt ?? sock.announcedAt, now })
      : null;
  const until = sock.destroyedAt ?? now;
  const origin = closedAt ?? sock.closedAt;
  const isMissed = sock.gaps.has('destroy_missed') || sock.gaps.has('attaching');
  const gaps = gapsOf(record, isMissed ? null : ending);
  const because = ending?.because ?? waits?.because;
  const hasBytes = closedIn !== null && hasSequence(closedIn);
  const isCleared = isTupleCleared(record);
  const how = howOf(record);
  const givenUpIn = foundIn(record, how);
  return {
    type: 'close_path',
    sk: sock.sk,
    generation: sock.generation,
    cookie: sock.cookie ?? (detail.cookie === '0' ? null : detail.cookie),
    netns: detail.netns,
    family: detail.family,
    laddr: isCleared && isAny(detail.laddr) ? null : detail.laddr,
    lport: detail.lport,
    raddr: detail.raddr,
    rport: isCleared ? null : detail.rport,
    uid: detail.uid,
    cgroup_id: detail.cgroupId === '0' ? null : detail.cgroupId,
    // A child that nobody accepted goes within the close of its listener.
    closer: closedAt === null && how !== 'listener' ? null : closerOf(detail),
    closed_at: closedAt === null ? null : context.wallClock(closedAt),
    closed_in: givenUpIn === null ? null : stateName(givenUpIn),
    state: knownState(sock.state),
    how,
    closed_first: closedFirst(record),
    path: record.moves.map(
      (move): Step => ({
        at_us: (move.at - origin) / 1000,
        from: stateName(move.from),
        to: stateName(move.to),
        by: move.own ? 'process' : 'softirq',
      }),
    ),
    orphan_us: sock.orphanAt === null || isMissed || isLostSight ? null : (until - sock.orphanAt) / 1000,
    dying_us: closedAt === null || isMissed || isLostSight ? null : (until - closedAt) / 1000,
    dying_at_least_us: isMissed || isLostSight ? null : (until - knownSince(record)) / 1000,
    unread_bytes: unreadBytes(record),
    unacked_bytes: hasBytes ? withoutFin(distance(detail.evidence.writeSeq, detail.evidence.sndUna), closedIn) : null,
    unsent_bytes: hasBytes ? withoutFin(distance(detail.evidence.writeSeq, detail.evidence.sndNxt), closedIn) : null,
    held_bytes: closedAt === null || isPurged(record) ? null : heldBytes(detail.evidence),
    // A limit of the host frees the sock without an error, but its queued bytes are lost all the same.
    lost_bytes: ending !== null && (record.err !== 0 || ending.side === 'limit') ? lostBytes(record) : null,
    retransmits: sock.retransmits,
    probes: sock.latest === null ? null : last.probesOut,
    waiting_for: waits?.waitingFor ?? (isResetAtOnce(ending?.endedBy) ? 'nothing' : waitedFor(record, until)),
    ended_by: isMissed ? 'unknown' : (ending?.endedBy ?? null),
    side: ending?.side ?? waits?.side ?? 'unknown',
    because: because === undefined ? [] : [because],
    advice: [],
    certain: gaps.length === 0,
    gaps,
  };
};

/** For a sock that was announced but not followed, since a map of the probes was full. */
const LOST_SIGHT: Waiting = {
  waitingFor: 'unknown',
  side: 'unknown',
  because: 'a map of the probes was full: what became of it since it was announced is not known',
};

/** The time from which on it is known to have been dying. The capture began at 0. */
const knownSince = ({ sock, closedAt }: SockRecord): number =>
  closedAt ?? (sock.gaps.has('older_than_capture') ? 0 : sock.closedAt);

/** Null for a number that no kernel uses. */
const knownState = (state: number): TcpState | null => {
  const name = stateName(state);
  return name === 'UNKNOWN' ? null : name;
};

/** True if __tcp_close reset it before it waited for anybody. @see Linux net/ipv4/tcp.c */
const isResetAtOnce = (endedBy: EndedBy | undefined): boolean => RESET_AT_ONCE.has(endedBy);

const RESET_AT_ONCE: ReadonlySet<string | undefined> = new Set(
  ENDINGS.filter(({ isResetAtOnce: isAtOnce }) => isAtOnce).map(({ name }) => name),
);

/** The gaps in the observation of its life, and whether its cause was inferred or not decided. */
const gapsOf = (record: SockRecord, ending: Ending | null): string[] => {
  const { gaps } = record.sock;
  const list: string[] = gaps.size === 0 ? [] : [...gaps];
  const isCloseMissed = gaps.has('older_than_capture') || gaps.has('close_not_observed');
  if (!isCloseMissed && !gaps.has('transition_missed') && isEarlyMoveMissed(record)) list.push('transition_missed');
  if (ending?.endedBy === 'unknown') {
    if (list.length === 0) list.push('cause_not_decided');
  } else if (ending?.certain === false) list.push('cause_inferred');
  return list;
};

/**
 * The path of a baseline orphan from which no event has come: only the inventory and the readings of sock_diag know it.
 *
 * @param now - time of the newest event
 */
export const describeSilent = (
  orphan: Silent,
  now: TraceNs,
  { wallClock, ownNetns }: Pick<DescribeContext, 'wallClock' | 'ownNetns'>,
  deadline: Dying['deadline'] = 'unknown',
): ClosePath => {
  const path = silentPath(orphan, now, wallClock);
  return {
    ...path,
    advice: adviceFor(path, ownNetns, {
      userTimeoutMs: null,
      orphanRetries: orphan.reading?.sysctls?.orphanRetries ?? null,
      deadline,
    }),
  };
};

const silentPath = (orphan: Silent, now: TraceNs, wallClock: DescribeContext['wallClock']): ClosePath => {
  const { reading } = orphan;
  const { waitingFor, side, because } = waitingOfSilent(orphan, now);
  return {
    type: 'close_path',
    sk: null,
    generation: 1,
    cookie: reading?.cookie ?? null,
    netns: orphan.netns,
    family: orphan.family,
    laddr: orphan.laddr,
    lport: orphan.lport,
    raddr: orphan.raddr,
    rport: orphan.rport,
    uid: reading?.uid ?? null,
    cgroup_id: reading?.cgroupId ?? null,
    closer: null,
    closed_at: null,
    closed_in: null,
    state: knownState(orphan.state),
    how: 'unknown',
    closed_first: null,
    path: [],
    orphan_us: null,
    dying_us: null,
    dying_at_least_us: (orphan.isMissed ? now - orphan.at : now) / 1000,
    unread_bytes: null,
    unacked_bytes: null,
    unsent_bytes: null,
    held_bytes: null,
    lost_bytes: null,
    retransmits: orphan.retransmits,
    probes: orphan.timer?.probesOut ?? null,
    waiting_for: waitingFor,
    ended_by: null,
    side,
    because:
      reading === null || because === null
        ? [
            `it was listed in ${stateName(orphan.state)} with inode 0 ${whenListed(orphan)}${queueText(orphan)}${timerText(orphan)}`,
          ]
        : [
            because,
            `${readText(orphan, reading, wallClock)}${queueText(orphan)}${timerText(orphan)}${lastText(reading)}`,
          ],
    advice: [],
    certain: false,
    gaps: [orphan.isMissed ? 'close_not_observed' : 'older_than_capture'],
  };
};

const whenListed = ({ isMissed }: Silent): string =>
  isMissed ? 'when the orphans were counted again: its close was missed' : 'when the capture began';

const readText = (orphan: Silent, reading: Reading, wallClock: DescribeContext['wallClock']): string =>
  `read at ${moment(wallClock(reading.at))}, not traced: it was an orphan ${whenListed(orphan)}`;

const lastText = ({ lastSendMs, lastAckMs }: Reading): string =>
  `; data was last sent ${settingTime(lastSendMs)} before, and an acknowledgement last came ${settingTime(lastAckMs)} before`;

/** Kinds of a pending timer in /proc/net/tcp and sock_diag. @see Linux net/ipv4/tcp_ipv4.c, get_tcp4_sock */
const PROC_TIMERS: Readonly<Record<number, string>> = {
  1: 'retransmission',
  2: 'FIN_WAIT2 or keepalive',
  4: 'window probe',
};

/** `write_seq` less `snd_una`, in which a FIN counts as one byte. */
const queueText = ({ txQueue }: Silent): string => (txQueue === 0 ? '' : `, ${txQueue} B not acknowledged`);

const timerText = ({ timer, retransmits }: Silent): string => {
  const name = timer === null ? undefined : PROC_TIMERS[timer.kind];
  if (timer === null || name === undefined) return '';
  const tries =
    timer.kind === 4
      ? `${counted(timer.probesOut, 'probe')} unanswered`
      : counted(retransmits, 'retransmission timeout');
  return `, its ${name} timer due in ${settingTime(timer.ms)}, ${tries}`;
};

const closerOf = (detail: AnnounceDetail): Closer => ({
  pid: detail.pid,
  comm: detail.comm,
  exiting: detail.exiting,
  exit_signal: detail.exiting ? detail.exitCode & 0x7f : null,
  exit_status: detail.exiting ? (detail.exitCode >>> 8) & 0xff : null,
});

/** The side whose FIN, or reset by a close, came first. The first step out of the living connection shows it. */
const closedFirst = (record: SockRecord): ClosePath['closed_first'] => {
  if (isEarlyMoveMissed(record)) return null;
  const { moves, closedIn } = record;
  const first = moves.find(({ to }) => LEAVES.has(to));
  if (first === undefined) return null;
  if (first.to === TCP.CLOSE_WAIT) return 'peer';
  if (first.to === TCP.FIN_WAIT1) return moves.some(({ to }) => to === TCP.CLOSING) ? 'both' : 'local';
  // For a close that resets, this step leaves the state in which the close found the sock.
  return first.own && closedIn !== null && closedIn === first.from && HAD_PEER.has(first.from) ? 'local' : null;
};

const LEAVES: ReadonlySet<number> = new Set([TCP.CLOSE_WAIT, TCP.FIN_WAIT1, TCP.CLOSE]);
const HAD_PEER: ReadonlySet<number> = new Set([TCP.ESTABLISHED, TCP.SYN_RECV]);

const howOf = (record: SockRecord): How => {
  const { sock, detail, closedAt } = record;
  const holder = holderOf(sock.announce.context);
  if (closedAt === null) {
    if (sock.announce.via !== VIA.destroy) return 'unknown';
    return holder === HOLDER.none ? 'listener' : 'none';
  }
  if (detail.exiting) return 'exit';
  if (holder === HOLDER.kernel || detail.isKernelThread) return 'kernel';
  // At the destroy the sock has lost its struct socket already. Before that, only the kernel closes a sock without one.
  return holder === HOLDER.none && sock.announce.via !== VIA.destroy ? 'unknown' : 'close';
};

/**
 * True if tcp_close had emptied the queues before the announcement: then the announcement does not say what they held.
 */
const isPurged = ({ sock, detail, moves, closedAt }: SockRecord): boolean =>
  detail.deferred !== null ||
  sock.announce.via === VIA.destroy ||
  (sock.announce.via === VIA.last_fput && moves.findLast((move) => move.at === closedAt)?.to === TCP.CLOSE);

/**
 * Bytes that the peer never acknowledged, without our FIN; null where tcp_disconnect has wiped the sequence numbers.
 */
const lostBytes = (record: SockRecord): number | null => {
  const last = record.moves.at(-1);
  const isWiped = record.sock.announce.via === VIA.destroy && (record.closedAt === null || last?.own !== false);
  return isWiped || !hasSequence(last?.from ?? 0)
    ? null
    : withoutFin(distance(record.last.writeSeq, record.last.sndUna), last?.from ?? null);
};
