import { TCP } from '../../kernel/tcp-state.ts';
import { VIA } from '../../wire/event.ts';
import { HOLDER, holderOf, SOCK } from '../../wire/evidence.ts';
import type { SockRecord } from '../record.ts';

/** `enum sk_rst_reason` by the running kernel's numbers; empty where the kernel has none. */
export type ResetReasons = ReadonlyMap<number, string>;

/** Errnos of sk_err, Linux's numbers. */
export const ERR = { pipe: 32, aborted: 103, reset: 104, timedOut: 110, refused: 111 } as const;

/** ICMP said that the way is closed: ENETUNREACH, EHOSTDOWN, EHOSTUNREACH. */
export const isUnreachable = (errno: number): boolean => errno === 101 || errno === 112 || errno === 113;

/**
 * Where its way into CLOSE lies: tcp_close made it itself (`in_close`), it came later (`after_close`), it was there
 * before tcp_close or nobody closed it (`before_close`), or it was not observed (`unseen`).
 */
export type Phase = 'in_close' | 'after_close' | 'before_close' | 'unseen';

/** What the rules ask of a destroyed sock. */
export type Facts = {
  readonly record: SockRecord;
  readonly phase: Phase;
  /** The state it left for CLOSE; 0 where no transition into CLOSE was observed. */
  readonly from: number;
  /** That transition was made by a task: a syscall, its backlog, an abort. */
  readonly own: boolean;
  readonly err: number;
  /** tcp_close found it; false where no close was observed. */
  readonly isClosed: boolean;
  /** A child that no task ever had: without a struct socket when it was destroyed. */
  readonly isUnaccepted: boolean;
  /** Owned by the kernel: without a file. */
  readonly isKernels: boolean;
  /** Names of the resets it sent; '' where the kernel gives no reason. */
  readonly sentReasons: readonly string[];
  /** One of the resets it sent answered a segment. */
  readonly answered: boolean;
  /** tcp_reset ran on it: a reset came, or what the kernel treats like one. */
  readonly received: boolean;
  /** Data segments that came after the close; null where that was not observed. */
  readonly dataSegsAfter: number | null;
};

const NO_REASONS: readonly string[] = [];
const SEGS_MASK = 0xffffff;

export const factsOf = (record: SockRecord, reasons: ResetReasons): Facts => {
  const { sock, detail } = record;
  const last = record.moves.at(-1);
  // Most have none, and nine facts in ten are asked of those.
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
    dataSegsAfter: got === undefined ? null : (got.dataSegsIn - detail.dataSegsIn) & SEGS_MASK,
  };
};

const phaseOf = (record: SockRecord): Phase => {
  const { sock } = record;
  if (sock.announce.via === VIA.destroy || record.closedIn === TCP.CLOSE) return 'before_close';
  const last = record.moves.at(-1);
  if (last?.to !== TCP.CLOSE) return 'unseen';
  // The tracepoint backend infers the close from this very move; a hook on __tcp_close sees the move next. In neither
  // is the sock orphaned yet.
  const isHooked = sock.announce.via === VIA.hook;
  const isClosingMove = isHooked
    ? sock.moves.length === 1 && last.own && (record.last.flags & SOCK.DEAD) === 0
    : sock.moves.length === 0 && record.detail.late === null;
  return isClosingMove && record.closedAt !== null ? 'in_close' : 'after_close';
};
