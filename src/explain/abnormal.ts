import type { AbnormalEnds } from '../lifecycle/abnormal.ts';
import { ENDED, NO_REASON } from '../wire/event.ts';
import { causeNamed } from './causes/order.ts';
import type { EndedBy, Side } from './close-path.ts';
import type { ResetReasons } from './evidence/facts.ts';

/** Abnormal ends that have cause, closer and port in common, however fast they were. */
export type AbnormalDeaths = {
  readonly ended_by: EndedBy;
  readonly side: Side;
  /** Null where the closer is unknown. */
  readonly comm: string | null;
  /** Null where the process is unknown, or where several processes of that name are counted together. */
  readonly pid: number | null;
  /** The smaller of a socket's two ports; null where it was not kept. */
  readonly port: number | null;
  /** `data_after_close`: the data met a minisock in FIN_WAIT2, after the socket's own end. */
  readonly by_minisock: boolean;
  /** The peer's address, for data that met a minisock; null where it is not known, and for all other ends. */
  readonly raddr: string | null;
  /** All of these ends, announced or not. */
  readonly count: number;
  /** Ends a second while they came; null where the rate is unknown. */
  readonly per_second: number | null;
  /** Ends that were announced in spite of their age: each has a close path. With `by_minisock`: data whose socket's path says so. */
  readonly sampled: number;
};

/** The kernel's reason for a reset because of too many orphans or too little memory. @see enum sk_rst_reason */
const FOR_LIMIT = 'TCP_ABORT_ON_MEMORY';
/**
 * Its reason where tcp_abort (ss -K) resets an orphan that has not got all its acknowledgements. From Linux 6.11 on the
 * error comes after that reset, so the probe takes such an end for one at a limit.
 */
const FOR_ABORT = 'TCP_STATE';

const NAMES: Readonly<Record<number, EndedBy>> = {
  [ENDED.unread_data]: 'unread_data',
  [ENDED.linger_zero]: 'linger_zero',
  [ENDED.linger2]: 'linger2',
  [ENDED.killed]: 'killed',
  [ENDED.peer_reset]: 'peer_reset',
  [ENDED.data_after_close]: 'data_after_close',
};

/** Abnormal ends by cause, closer and port; most first. @param reasons - of resets; empty where the kernel has none */
export const abnormalDeaths = (ends: readonly AbnormalEnds[], reasons: ResetReasons): readonly AbnormalDeaths[] => {
  const rows = new Map<string, AbnormalDeaths>();
  const put = (of: AbnormalEnds, ended_by: EndedBy, side: Side, count: number, sampled: number): void => {
    if (count === 0) return;
    const { comm, pid, port, minisockOf } = of;
    const key = [ended_by, side, port, pid, minisockOf, comm].join(' ');
    const before = rows.get(key);
    const rate = of.perSecond === null ? null : (of.perSecond * count) / of.count;
    const per_second = rate === null ? null : Math.round(((before?.per_second ?? 0) + rate) * 10) / 10;
    rows.set(key, {
      ended_by,
      side,
      comm,
      pid,
      port,
      by_minisock: minisockOf !== undefined,
      raddr: minisockOf ?? null,
      count: (before?.count ?? 0) + count,
      per_second,
      sampled: (before?.sampled ?? 0) + sampled,
    });
  };
  for (const of of ends) {
    if (of.end !== ENDED.limit) {
      const name = NAMES[of.end] ?? 'unknown';
      put(of, name, causeNamed(name)?.side ?? 'unknown', of.count, of.sampled);
    } else if (reasons.get(of.reset - 1) === FOR_ABORT) {
      put(of, 'killed', 'operator', of.count, of.sampled);
    } else if (!isForLimit(of.reset, reasons)) {
      put(of, 'unknown', 'unknown', of.count, of.sampled);
    } else if (of.isNotMemory) {
      put(of, 'orphan_limit', 'limit', of.count, of.sampled);
    } else {
      // A socket may have passed both limits. If orphans were far from theirs, the limit was memory.
      const ofMemory = Math.round((of.sampled * of.forMemory) / of.count);
      put(of, 'out_of_memory', 'limit', of.forMemory, ofMemory);
      put(of, 'unknown', 'limit', of.count - of.forMemory, of.sampled - ofMemory);
    }
  }
  return [...rows.values()].sort((a, b) => b.count - a.count);
};

const isForLimit = (reset: number, reasons: ResetReasons): boolean => {
  if (reset === 0 || reset === NO_REASON || reasons.size === 0) return true;
  return reasons.get(reset - 1) === FOR_LIMIT;
};
