import { stateName, TCP, type TcpState } from '../kernel/tcp-state.ts';
import { correctedClassOf, type Tallied } from '../lifecycle/tallied.ts';
import { TALLY, type Tally, VIA } from '../wire/event.ts';
import { dataAfterClose } from './causes/data-after-close.ts';
import { ENDINGS } from './causes/order.ts';
import { orphanLimit } from './causes/orphan-limit.ts';
import { outOfMemory } from './causes/out-of-memory.ts';
import { timeWaitOverflow } from './causes/time-wait-overflow.ts';
import type { EndedBy, How, Side } from './close-path.ts';
import { fastDeathOf, isHandover } from './evidence/fast-death.ts';
import { isAwaitingAck } from './evidence/resources.ts';

/** Sockets that died before they were announced, and that share all of these facts. */
export type TalliedDeaths = {
  readonly how: How;
  /** Null where no close was observed: a child that its listener forgot, or a socket that was in CLOSE before. */
  readonly closed_in: TcpState | null;
  readonly ended_by: EndedBy;
  readonly side: Side;
  readonly count: number;
  /**
   * The times that they were dying: `count` of them took from `from_us` up to twice that. The others took no time, or
   * their time is unknown.
   */
  readonly dwell: readonly { readonly from_us: number; readonly count: number }[];
};

type End = readonly [EndedBy, Side];
const UNKNOWN: End = ['unknown', 'unknown'];

/**
 * The fast deaths that the kernel counted, by how they were closed and how they ended; most first.
 *
 * A class tells less than a single socket: it ends as `unknown` if two ends look the same in it.
 */
export const talliedDeaths = (tallies: Iterable<Tallied>): readonly TalliedDeaths[] => {
  const all = [...tallies];
  const answered = new Map(all.filter(isCorrection).map((tally) => [correctedClassOf(tally), tally.count]));
  const groups = new Map<string, TalliedDeaths>();
  for (const tally of all) {
    if (isCorrection(tally)) continue;
    if (isForResources(tally)) {
      const isOrphans = (tally.marks & TALLY.not_memory) !== 0;
      const atOrphanLimit = isOrphans ? tally.count : tally.atOrphanLimit;
      const atMemoryLimit = isOrphans ? 0 : tally.atMemoryLimit;
      put(groups, tally, [orphanLimit.name, orphanLimit.side], atOrphanLimit);
      put(groups, tally, [outOfMemory.name, outOfMemory.side], atMemoryLimit);
      put(groups, tally, ['unknown', orphanLimit.side], tally.count - atOrphanLimit - atMemoryLimit);
      continue;
    }
    const gotData = Math.min(tally.count, answered.get(correctedClassOf(tally)) ?? 0);
    put(groups, tally, endOf(tally), tally.count - gotData);
    // A class alone looks like a reset by the peer, or like a handover. But each of these sent a reset that answered a
    // segment.
    put(groups, tally, [dataAfterClose.name, dataAfterClose.side], gotData);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
};

const isCorrection = ({ marks }: Tally): boolean => (marks & TALLY.answered) !== 0;

/**
 * True if the kernel reset them by its own decision, without an error, while they still had something to send. Then one
 * of two limits was passed, and the host's distance from each at that moment shows which one.
 *
 * @see Linux net/ipv4/tcp.c, tcp_check_oom; net/ipv4/tcp_timer.c, tcp_out_of_resources
 */
const isForResources = ({ via, closedIn, lastFrom, err, reset, marks }: Tally): boolean =>
  via !== VIA.destroy &&
  closedIn !== TCP.CLOSE &&
  (marks & (TALLY.in_close | TALLY.answered)) === 0 &&
  err === 0 &&
  reset !== 0 &&
  isAwaitingAck(lastFrom);

const put = (groups: Map<string, TalliedDeaths>, tally: Tally, [ended_by, side]: End, count: number): void => {
  if (count === 0) return;
  const how = howOf(tally);
  const closed_in = tally.via === VIA.destroy || tally.via === VIA.foundDead ? null : stateName(tally.closedIn);
  const key = [how, closed_in, ended_by, side].join(' ');
  const before = groups.get(key);
  const dwell = [...(before?.dwell ?? [])];
  if (tally.size > 0) {
    const from_us = tally.size === 1 ? 0 : 2 ** (tally.size - 1);
    const at = dwell.findIndex((bin) => bin.from_us >= from_us);
    const same = dwell[at];
    if (same?.from_us === from_us) dwell[at] = { from_us, count: same.count + count };
    else dwell.splice(at < 0 ? dwell.length : at, 0, { from_us, count });
  }
  groups.set(key, { how, closed_in, ended_by, side, count: (before?.count ?? 0) + count, dwell });
};

const howOf = ({ via, exiting, marks }: Tally): How => {
  if (via === VIA.foundDead) return 'unknown';
  if (via === VIA.destroy && (marks & TALLY.own) === 0) return 'listener';
  if (exiting) return 'exit';
  return (marks & TALLY.kernel) === 0 ? 'close' : 'kernel';
};

/** The end of a class of them: the first cause whose question for fast deaths names a side. */
const endOf = (tally: Tally): End => {
  // The probes did not keep its earlier history.
  if (tally.via === VIA.foundDead) return UNKNOWN;
  const death = fastDeathOf(tally);
  if (death.minisock === 'perhaps' && isHandover(death)) return ['unknown', timeWaitOverflow.side];
  for (const { name, fastDeath } of ENDINGS) {
    const side = fastDeath?.(death) ?? null;
    if (side !== null) return [name, side];
  }
  return UNKNOWN;
};
