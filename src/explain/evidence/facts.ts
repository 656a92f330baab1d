import { TCP } from '../../kernel/tcp-state.ts';
import { ENDED, VIA } from '../../wire/event.ts';
import { HOLDER, holderOf, SOCK } from '../../wire/evidence.ts';
import type { SockRecord } from './record.ts';

/** Names of `enum sk_rst_reason` by the running kernel's numbers; empty where the kernel has no such enum. */
export type ResetReasons = ReadonlyMap<number, string>;

/**
 * The time when the sock moved to CLOSE. `in_close`: tcp_close itself moved it. `after_close`: later. `before_close`:
 * tcp_close found it there, or nobody closed it. `not_observed`: the move was not observed.
 */
export type Phase = 'in_close' | 'after_close' | 'before_close' | 'not_observed';

/** The facts about a destroyed sock that the causes' questions need. */
export type Facts = {
  readonly record: SockRecord;
  readonly phase: Phase;
  /** The state it left for CLOSE; 0 where no transition into CLOSE was observed. */
  readonly from: number;
  /** A task made that transition: in a syscall, in its backlog, or by an abort. */
  readonly own: boolean;
  readonly err: number;
  /** tcp_close found the sock; false where no close was observed. */
  readonly isClosed: boolean;
  /** A child that no task ever had: it had no struct socket when it was destroyed. */
  readonly isUnaccepted: boolean;
  /** The kernel owns it: it has no file. */
  readonly isKernels: boolean;
  /** Reasons of the resets that it sent; '' where the kernel gives no reason. */
  readonly sentReasons: readonly string[];
  /** One of the resets that it sent answered a segment. */
  readonly answered: boolean;
  /** tcp_reset ran on it: a reset came, or something that the kernel treats like one. */
  readonly received: boolean;
  /** Data segments that came after the close; null where that was not observed. */
  readonly dataSegsAfter: number | null;
  /** A minisock can have taken over. `no`: tcp_max_tw_buckets is 0. `perhaps`: that many were there. */
  readonly minisock: 'yes' | 'perhaps' | 'no';
};

/** No error, and no reset from either side. */
export const isSilent = ({ err, received, sentReasons }: Facts): boolean =>
  err === 0 && !received && sentReasons.length === 0;

/** By `tw` of a D line. @see Linux inet_twsk_alloc */
const MINISOCK = ['yes', 'perhaps', 'no'] as const;

const NO_REASONS: readonly string[] = [];
const SEGS_MASK = 0xffffff;

export const factsOf = (record: SockRecord, reasons: ResetReasons): Facts => {
  const { sock, detail } = record;
  const last = record.moves.at(-1);
  // Most socks have no resets, and this runs for every sock: so no resets must cost nothing.
  const { resets } = sock;
  const sent = resets.length === 0 ? resets : resets.filter((reset) => reset.sent);
  const got = resets.length === 0 ? undefined : resets.find((reset) => !reset.sent);
  const holder = holderOf(sock.announce.context);
  const isAtDestroy = sock.announce.via === VIA.destroy;
  return {
    record,
    phase: phaseOf(record),
    from: last?.to === TCP.CLOSE ? last.from : 0,
    own: last?.own ?? false,
    err: record.err,
    isClosed: record.closedAt !== null,
    isUnaccepted: isAtDestroy && record.closedAt === null && holder === HOLDER.none,
    isKernels: !isAtDestroy && holder === HOLDER.kernel,
    sentReasons:
      sent.length === 0
        ? NO_REASONS
        : sent.map((reset) => (reset.reason === null ? '' : (reasons.get(reset.reason) ?? ''))),
    answered: sent.some((reset) => reset.answersSegment),
    received: got !== undefined,
    minisock: MINISOCK[(sock.destroyContext >>> 16) & 3] ?? 'yes',
    dataSegsAfter: got === undefined ? null : (got.dataSegsIn - detail.dataSegsIn) & SEGS_MASK,
  };
};

const phaseOf = (record: SockRecord): Phase => {
  const { sock } = record;
  if (sock.announce.via === VIA.destroy || record.closedIn === TCP.CLOSE) return 'before_close';
  const last = record.moves.at(-1);
  if (last?.to !== TCP.CLOSE) return 'not_observed';
  // The tracepoint backend infers the close from this very move; a hook on __tcp_close sees the move next. The sock is
  // not orphaned yet in either case.
  const isHooked = sock.announce.via === VIA.hook;
  const sample = record.detail.deferred?.sample ?? 0;
  // The probe saw tcp_close reset it, and announces such a sock at that reset.
  if (sample === ENDED.unread_data || sample === ENDED.linger_zero) return 'in_close';
  const isClosingMove = isHooked
    ? sock.moves.length === 1 && last.own && (record.last.flags & SOCK.DEAD) === 0
    : sock.moves.length === 0 && record.detail.deferred === null;
  return isClosingMove && record.closedAt !== null ? 'in_close' : 'after_close';
};
