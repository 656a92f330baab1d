import { TCP } from '../kernel/tcp-state.ts';
import type { SkAddr, TraceNs } from '../kernel/units.ts';
import { BOUNDS } from '../wire/bounds.ts';
import { type InventoryEnd, VIA } from '../wire/event.ts';
import { parseAnnounce } from '../wire/evidence.ts';
import { type Baseline, tupleOf, tupleOfLine } from './baseline.ts';
import type { Ledger } from './ledger.ts';
import type { Living } from './living.ts';
import type { Gap, Sock } from './sock.ts';

/**
 * An orphan is destroyed in the same call that brings it to CLOSE. If it still is there after this long, its destroy
 * was missed.
 */
const LONGEST_IN_CLOSE_NS = 5e9;

/** Finds the socks that have gone without their destroy being seen. */
export type MissedDestroys = {
  /** An inventory is complete: the first one, or a later one that was taken because a drift lasts. */
  readonly inventory: (event: InventoryEnd) => void;
  /** An orphan has come to CLOSE, or a socket in CLOSE has become an orphan. */
  readonly inClose: (sock: Sock) => void;
  /** bpftrace has spoken. Once in a while this looks for orphans that are still in CLOSE. */
  readonly tick: (at: TraceNs) => void;
};

/** Ended ones that may stay among those in CLOSE before they are removed. */
const FEW_CLOSED = 1024;

type Waiting = Pick<Sock, 'sk' | 'generation'>;

type Parts = {
  readonly living: Living;
  readonly baseline: Baseline;
  readonly ledger: Ledger;
  /** Time of the newest event. */
  readonly now: () => TraceNs;
  /** The sock at this address is gone although nobody saw its destroy. */
  readonly infer: (sk: SkAddr, gap: Gap) => void;
  /** So many were beyond a bound. */
  readonly exceed: (count: number, what: string) => void;
};

export const createMissedDestroys = ({ living, baseline, ledger, now, infer, exceed }: Parts): MissedDestroys => {
  let lookedAt = Number.NEGATIVE_INFINITY;
  /** Orphans that came to CLOSE, and some that have ended since. */
  let closed: Waiting[] = [];
  let mostClosed = FEW_CLOSED;
  /** The number of socks that may still be compared with later inventories. */
  let allowance: number = BOUNDS.compared;

  const first = (event: InventoryEnd): void => {
    const gone: SkAddr[] = [];
    for (const sock of living.every()) {
      if (sock.destroyedAt !== null || sock.closedAt >= event.attachedAt) continue;
      // Closed while the probes were being attached, or seen on its way to CLOSE: destroyed before the destroy probe
      // was there.
      const isUnlisted =
        event.unreadable === 0 && baseline.isWhole() && !baseline.wasListed(tupleOfLine(sock.announce.line));
      if (isInClose(sock) || (isUnlisted && sock.announce.via !== VIA.foundDead)) gone.push(sock.sk);
    }
    for (const sk of gone) infer(sk, 'attaching');
    ledger.setBaseline(baseline.end());
  };

  /**
   * A later inventory, taken while a drift lasts. If the kernel's count is the smaller one: a sock that no namespace lists any more has gone, unless it is where
   * nobody can look. The kernel's own count decides. If it is short by all of them, they have gone. If it is short by
   * fewer, some have gone, and each may have.
   */
  const again = (event: InventoryEnd): void => {
    const { drift, inFlight } = ledger.now(now());
    if (drift === null || Math.abs(drift) <= inFlight) {
      baseline.forget();
      return;
    }
    const asked = living.count() + baseline.silent.size;
    allowance += baseline.listedCount();
    if (!baseline.isWhole() || asked > allowance) {
      exceed(1, 'an inventory taken again was not compared with the sockets: there are too many of them');
      baseline.forget();
      return;
    }
    allowance -= asked;
    if (drift < 0) {
      addMissed(-drift);
      baseline.forget();
      return;
    }
    const gone: SkAddr[] = [];
    for (const sock of living.every()) {
      const isOld = sock.destroyedAt === null && sock.entered && sock.announcedAt < event.attachedAt;
      if (isOld && !baseline.wasListed(tupleOfLine(sock.announce.line))) gone.push(sock.sk);
    }
    const silentGone = baseline.missing();
    baseline.forget();
    const areAllGone = gone.length + silentGone.length <= drift;
    for (const sk of gone) {
      if (areAllGone) infer(sk, 'destroy_missed');
      else living.doubt(sk);
    }
    if (!areAllGone) return;
    for (const tuple of silentGone) {
      baseline.drop(tuple);
      ledger.exit(now());
      ledger.infer();
    }
  };

  /**
   * The kernel counts more than we do: the closes of some were missed. Orphans that a namespace lists and of which
   * nothing is known are these, unless they are more: then some of them wait for their announcement.
   *
   * @param most - the number that the kernel counts beyond ours
   */
  const addMissed = (most: number): void => {
    const known = new Set<string>();
    for (const sock of living.every()) {
      if (sock.destroyedAt === null) known.add(tupleOfLine(sock.announce.line));
    }
    const missed = baseline.others().filter((orphan) => !known.has(tupleOf(orphan)));
    if (missed.length > most) return;
    for (const orphan of missed) {
      if (!baseline.add(orphan)) {
        exceed(1, `orphans whose close was missed, beyond ${BOUNDS.inventory}`);
        return;
      }
      ledger.enter(now());
      ledger.infer();
    }
  };

  /** Finds the same life, if it still is in CLOSE. */
  const find = ({ sk, generation }: Waiting): Sock | undefined => {
    const sock = living.peek(sk);
    if (sock?.generation !== generation || sock.destroyedAt !== null) return undefined;
    return sock.state === TCP.CLOSE && sock.entered ? sock : undefined;
  };

  return {
    inventory: (event) => {
      if (baseline.isDone()) again(event);
      else first(event);
    },
    inClose: ({ sk, generation }) => {
      closed.push({ sk, generation });
      if (closed.length <= mostClosed) return;
      closed = closed.filter((waiting) => find(waiting) !== undefined);
      mostClosed = Math.max(FEW_CLOSED, 2 * closed.length);
    },
    tick: (at) => {
      if (at - lookedAt < LONGEST_IN_CLOSE_NS) return;
      lookedAt = at;
      const gone: SkAddr[] = [];
      closed = closed.filter((waiting) => {
        const sock = find(waiting);
        if (sock === undefined) return false;
        if (lastHeard(sock) >= at - LONGEST_IN_CLOSE_NS) return true;
        gone.push(sock.sk);
        return false;
      });
      for (const sk of gone) infer(sk, 'destroy_missed');
    },
  };
};

/** True if it is in CLOSE: an orphan there is destroyed next. */
const isInClose = ({ announce, state }: Sock): boolean =>
  state === TCP.CLOSE || parseAnnounce(announce.line).moves.at(-1)?.to === TCP.CLOSE;

const lastHeard = ({ announcedAt, moves, latestAt }: Sock): number =>
  Math.max(announcedAt, moves.at(-1)?.at ?? announcedAt, latestAt ?? announcedAt);
