import { stateName, TCP, type TcpState } from '../kernel/tcp-state.ts';
import { correctedClassOf, type Tallied } from '../lifecycle/tallied.ts';
import { TALLY, type Tally, VIA } from '../wire/event.ts';
import type { EndedBy, How, Side } from './close-path.ts';
import { ERR } from './rules/facts.ts';

/** Sockets that died before they were announced and have all of this in common. */
export type TalliedDeaths = {
  readonly how: How;
  /** Null where no close was observed: a child that its listener forgot, or a socket that was in CLOSE before. */
  readonly closed_in: TcpState | null;
  readonly ended_by: EndedBy;
  readonly side: Side;
  readonly count: number;
  /** How long they were dying: so many from `from_us` on, up to twice that. The rest is not known or took no time. */
  readonly dwell: readonly { readonly from_us: number; readonly count: number }[];
};

type End = readonly [EndedBy, Side];
const UNKNOWN: End = ['unknown', 'unknown'];

/**
 * What the kernel counted of those that died fast, by how they were closed and how they ended; most first.
 *
 * The rules are those of single sockets, as far as a class tells: where two ends look alike in it, `unknown`.
 */
export const talliedDeaths = (tallies: Iterable<Tallied>): readonly TalliedDeaths[] => {
  const all = [...tallies];
  const answered = new Map(all.filter(isCorrection).map((tally) => [correctedClassOf(tally), tally.count]));
  const groups = new Map<string, TalliedDeaths>();
  for (const tally of all) {
    if (isCorrection(tally)) continue;
    if (isForResources(tally)) {
      const { atOrphanLimit, atMemoryLimit } = tally;
      put(groups, tally, ['orphan_limit', 'limit'], atOrphanLimit);
      put(groups, tally, ['out_of_memory', 'limit'], atMemoryLimit);
      put(groups, tally, ['unknown', 'limit'], tally.count - atOrphanLimit - atMemoryLimit);
      continue;
    }
    const gotData = Math.min(tally.count, answered.get(correctedClassOf(tally)) ?? 0);
    put(groups, tally, endOf(tally), tally.count - gotData);
    // A reset by the peer, it seemed, and then the socket itself sent one that answered a segment.
    put(groups, tally, ['data_after_close', 'peer'], gotData);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
};

const isCorrection = ({ marks }: Tally): boolean => (marks & TALLY.answered) !== 0;

/**
 * The kernel reset it of itself, without an error, while it still had something to send: one of two limits was passed.
 * Which, only the moment tells.
 *
 * @see Linux net/ipv4/tcp.c, tcp_check_oom; net/ipv4/tcp_timer.c, tcp_out_of_resources
 */
const isForResources = ({ via, closedIn, lastFrom, err, reset, marks }: Tally): boolean =>
  via !== VIA.destroy &&
  closedIn !== TCP.CLOSE &&
  (marks & (TALLY.in_close | TALLY.answered)) === 0 &&
  err === 0 &&
  reset !== 0 &&
  (lastFrom === TCP.FIN_WAIT1 || lastFrom === TCP.CLOSING || lastFrom === TCP.LAST_ACK);

const put = (groups: Map<string, TalliedDeaths>, tally: Tally, [ended_by, side]: End, count: number): void => {
  if (count === 0) return;
  const how = howOf(tally);
  const closed_in = tally.via === VIA.destroy || tally.via === VIA.late ? null : stateName(tally.closedIn);
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
  if (via === VIA.late) return 'unknown';
  if (via === VIA.destroy && (marks & TALLY.own) === 0) return 'listener';
  if (exiting) return 'exit';
  return (marks & TALLY.kernel) === 0 ? 'close' : 'kernel';
};

const endOf = (tally: Tally): End => {
  // What it did before it died was not kept.
  if (tally.via === VIA.late) return UNKNOWN;
  if ((tally.marks & TALLY.in_close) !== 0) return endInClose(tally);
  return tally.via === VIA.destroy || tally.closedIn === TCP.CLOSE ? endBeforeClose(tally) : endAfterClose(tally);
};

/** tcp_close reset it, or had nothing to end. @see Linux net/ipv4/tcp.c, __tcp_close */
const endInClose = ({ closedIn, marks }: Tally): End => {
  if (closedIn === TCP.LISTEN) return ['listener_closed', 'local'];
  if (closedIn === TCP.SYN_SENT) return ['never_connected', 'local'];
  if ((marks & TALLY.unread) !== 0) return ['unread_data', 'local'];
  if ((marks & TALLY.linger_zero) !== 0) return ['linger_zero', 'local'];
  return (marks & TALLY.linger2) !== 0 ? ['linger2', 'local'] : UNKNOWN;
};

/** It had ended before anybody closed it. */
const endBeforeClose = ({ via, lastFrom, err, reset, marks }: Tally): End => {
  if (via === VIA.destroy && (marks & TALLY.own) === 0 && lastFrom !== 0) {
    // A listener that closes disconnects its children: a reset is sent, and sk_err is as if one had come.
    return err === 0 || reset !== 0 ? ['listener_closed', 'local'] : byError(err);
  }
  if (lastFrom === 0) return ['never_connected', 'none'];
  if (lastFrom === TCP.LISTEN) return ['listener_closed', 'local'];
  if (lastFrom === TCP.SYN_SENT) return ['never_connected', err === ERR.refused ? 'peer' : 'unknown'];
  if (err !== 0) return byError(err);
  if (lastFrom === TCP.LAST_ACK) return ['acked', 'none'];
  if (lastFrom === TCP.CLOSING) return ['time_wait', 'none'];
  return lastFrom === TCP.FIN_WAIT2 && (marks & TALLY.done) !== 0 ? ['time_wait', 'none'] : UNKNOWN;
};

/** @see Linux net/ipv4/tcp_input.c, tcp_rcv_state_process */
const endAfterClose = ({ lastFrom, err, reset, marks }: Tally): End => {
  if (err !== 0) return byError(err);
  if (lastFrom === TCP.FIN_WAIT2 && (marks & TALLY.linger2) !== 0) return ['linger2', 'local'];
  if (reset !== 0) return UNKNOWN;
  if (lastFrom === TCP.LAST_ACK) return ['acked', 'none'];
  if (lastFrom === TCP.CLOSING) return ['time_wait', 'none'];
  if (lastFrom !== TCP.FIN_WAIT2) return UNKNOWN;
  if ((marks & TALLY.done) !== 0) return ['time_wait', 'none'];
  return ['fin_wait2_timewait', 'peer'];
};

const byError = (err: number): End => {
  if (err === ERR.reset || err === ERR.pipe) return ['peer_reset', 'peer'];
  return err === ERR.aborted ? ['killed', 'operator'] : UNKNOWN;
};
