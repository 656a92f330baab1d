import { decimalOf } from '../kernel/hex.ts';
import { TCP } from '../kernel/tcp-state.ts';
import { type SkAddr, type TraceNs, traceNs } from '../kernel/units.ts';
import { BOUNDS, ownText } from '../wire/bounds.ts';
import type { Announce, Destroy, Look, Lost, Retransmit, SetState, Swept, Tally, TimedEvent } from '../wire/event.ts';
import { ENDED, NO_REASON, TALLY, VIA } from '../wire/event.ts';
import { type AnnounceDetail, OWN, parseAnnounce, SOCK, stateOf } from '../wire/evidence.ts';
import { type AbnormalEnds, createAbnormal } from './abnormal.ts';
import { createAftermath, hasOpenEnd } from './aftermath.ts';
import { createBaseline, type Silent, tupleOfLine } from './baseline.ts';
import { createGenerations } from './generations.ts';
import { createHost, type Host } from './host.ts';
import { createLedger, type Ledger, type LedgerRow } from './ledger.ts';
import { createLingering } from './lingering.ts';
import { createLiving } from './living.ts';
import { createLosses } from './losses.ts';
import { createMissedDestroys } from './missed-destroys.ts';
import {
  addGap,
  type Gap,
  isFollowed,
  newSock,
  type ObservedMove,
  type Pressure,
  type Sock,
  stateAfter,
} from './sock.ts';
import type { SockView } from './sock-view.ts';
import { classOf, type Tallied, tallyOn } from './tallied.ts';

/** A sample a second, and some more for an event loop that lags. */
const FRESH_NS = 1_500_000_000;
/** Resets kept of one sock. The rules need the first few. */
const MAX_RESETS = 8;
/** An announcement may take this long to the list of sockets that are looked at again, ns. */
const ON_ITS_WAY_NS = 100_000_000;
/** Destroys kept whose announcement has not come; it may still come, out of order. */
const MAX_EARLY = 4096;

export type TrackerOptions = {
  /** Jiffies a second, for SO_LINGER's end; null where unknown. */
  readonly hz: number | null;
  /** A sock had been dying for this long when it was announced, ns. 0: it was announced at its close. */
  readonly announceNs?: number;
  /** Random, for the tables. The callbacks do not depend on it. @see createGenerations */
  readonly seed?: number;
  /** Called once for each destroyed sock, in the order of their destroys. */
  readonly onEnd: (sock: Sock) => void;
  readonly onLedger: (row: LedgerRow) => void;
  /** So many lines or lives, named by `what`, were beyond a bound at `at` and count as lost. */
  readonly onExceeded?: (count: number, what: string, at: TraceNs) => void;
};

export type Counters = {
  readonly lostEvents: number;
  readonly outOfOrder: number;
  readonly malformed: number;
  /** Events of socks whose announcement never came. */
  readonly unannounced: number;
  /** Deaths that the kernel only counted. */
  readonly tallied: number;
};

export type Tracker = Host['seen'] & {
  readonly apply: (event: TimedEvent, isOutOfOrder: boolean) => void;
  /**
   * A report of lost events has come. Its turn among the events comes later. Ends that the loss may have changed, and
   * that are told before, are in doubt.
   */
  readonly foresee: (report: Lost) => void;
  readonly addMalformed: () => void;
  /** The stream has ended: finishes destroyed socks. `live` keeps those still dying. */
  readonly end: () => void;
  /**
   * Every sock announced and not finished, in the order of their announcements. One that is packed, or may lack an
   * event, is a copy.
   */
  readonly live: () => IterableIterator<Sock>;
  /** Iterates without copying: yields the same object each time, refilled. */
  readonly views: () => IterableIterator<SockView>;
  /** The same life of a sock as it is now; undefined if it has ended. */
  readonly current: (sock: Sock) => Sock | undefined;
  /** Socks that are dying: announced and not destroyed. */
  readonly dyingCount: () => number;
  /** Orphans of the inventory that have shown no event yet. */
  readonly silent: () => IterableIterator<Silent>;
  readonly silentCount: () => number;
  /** Those of them that sock_diag has not shown yet. */
  readonly notReadCount: () => number;
  readonly ledger: () => LedgerRow;
  readonly counters: () => Counters;
  /** Deaths that were only counted: the newest count of each class. */
  readonly tallies: () => IterableIterator<Tallied>;
  /** Abnormal ends by kind, closer and port, those that were announced included; most first. */
  readonly abnormal: () => readonly AbnormalEnds[];
  /** Time of the newest event; the handshake's before there is one. */
  readonly now: () => TraceNs;
  /**
   * The time at which the newest evidence of a sock was last known to hold: at its newest line, or at a pass that found
   * it unchanged.
   */
  readonly evidenceAt: (sock: Sock) => TraceNs;
};

/**
 * Folds ordered events into the lives of socks and the orphan ledger. Pure but for its own tables: no clock, no input,
 * and two callbacks as the only output. The same events give the same calls.
 */
export const createTracker = (options: TrackerOptions): Tracker => {
  const losses = createLosses();
  const living = createLiving(losses.newest, () => exceed(1, 'resets of dying sockets, of which there are too many'));
  const lingering = createLingering();
  const baseline = createBaseline();
  const early = new Map<SkAddr, Destroy>();
  const tallies = new Map<string, Tallied>();
  const abnormal = createAbnormal();
  const generations = createGenerations(undefined, options.seed);
  const announceLag = announceLagOf(options.announceNs ?? 0);
  const ledger: Ledger = createLedger((row) => {
    if (row.drift === 0) agreedAt = row.at;
    options.onLedger(row);
  }, announceLag);
  const host = createHost();
  let dying = 0;
  let now = traceNs(Number.NEGATIVE_INFINITY);
  let lostEvents = 0;
  let outOfOrder = 0;
  let malformed = 0;
  let unannounced = 0;
  let before: TimedEvent | null = null;
  const beforeAt = new Float64Array(1);
  let tallied = 0;
  /** Time of the newest sample in which the kernel counted as we did. */
  let agreedAt = traceNs(Number.NEGATIVE_INFINITY);
  /** Followed socks that were announced before this are known to be unchanged. */
  let sweptAt = traceNs(Number.NEGATIVE_INFINITY);

  const newest = (): TraceNs => (now === Number.NEGATIVE_INFINITY ? traceNs(0) : now);

  /** Something was beyond a bound. It counts as lost; other socks stay as certain as they were. */
  const exceed = (count: number, what: string): void => {
    lostEvents += count;
    options.onExceeded?.(count, what, newest());
  };

  const enter = (sock: Sock, at: TraceNs): void => {
    if (sock.lingering) {
      sock.lingering = false;
      lingering.delete(sock);
      if (sock.state === TCP.CLOSE) missedDestroys.inClose(sock);
    }
    sock.orphanAt = at;
    sock.entered = true;
    ledger.enter(at);
  };

  const finish = (sock: Sock): void => {
    living.remove(sock);
    options.onEnd(sock);
  };

  /** No more comes of a destroyed sock. The probe has counted the lines that it printed. */
  const finishDestroyed = (sock: Sock): void => {
    const isShort = sock.printed >= 0 && sock.lines !== sock.printed;
    const mayBeOther = (sock.hasOpenEnd || hasResetAfter(sock)) && losses.areNear(sock.destroyedAt ?? now);
    if (isShort || mayBeOther) addGap(sock, 'events_lost');
    finish(sock);
  };

  const aftermath = createAftermath(finishDestroyed, (sock) => {
    addGap(sock, 'events_lost');
    exceed(1, 'resets after the destroys of too many sockets at one moment');
  });

  /** The sock is gone although nobody saw its destroy. */
  const infer = (sock: Sock, gap: Gap): void => {
    if (living.mayLack(sock)) addGap(sock, 'events_lost');
    addGap(sock, gap);
    dying--;
    if (sock.lingering) enter(sock, now);
    if (sock.entered) {
      ledger.exit(now);
      ledger.infer();
    }
    finish(sock);
  };

  const missedDestroys = createMissedDestroys({
    living,
    baseline,
    ledger,
    now: () => now,
    infer: (sk, gap) => {
      const sock = living.unpack(sk);
      if (sock !== undefined) infer(sock, gap);
    },
    exceed,
  });

  const announce = (event: Announce, isOutOfOrder: boolean): void => {
    const before = living.unpack(event.sk);
    if (isOutOfOrder && before !== undefined && event.at < before.announcedAt) {
      // It was announced again, and that came first: the same life. Or nobody saw its close: it may be of the baseline.
      const isRepeated = before.announce.via === VIA.foundDead || before.announce.via === VIA.destroy;
      const isAgain = isRepeated && tupleOfLine(before.announce.line) === tupleOfLine(event.line);
      if (isAgain || event.via === VIA.foundDead) unannounced++;
      else announcePast(event);
      return;
    }
    if (before !== undefined && before.destroyedAt === null) {
      const isRepeat = event.via === VIA.foundDead || event.via === VIA.destroy;
      if (isRepeat && tupleOfLine(before.announce.line) === tupleOfLine(event.line)) {
        repeat(before, event);
        return;
      }
      infer(before, 'destroy_missed');
    }
    const sock = newSock(event, generations.next(event.sk));
    if (!event.isFollowed) addGap(sock, 'events_lost');
    // A limit's reset comes with the next line of the sock: ends are counted by its reason.
    if (event.sample !== 0 && event.sample !== ENDED.limit) sampled(event, 0);
    living.add(sock);
    dying++;
    if (!baseline.isDone() && !baseline.see(tupleOfLine(event.line))) {
      exceed(1, 'a close while the inventory is open: there were too many, some may be counted twice');
    }
    const isListed = event.via === VIA.destroy && baseline.silent.size > 0 && baseline.has(tupleOfLine(event.line));
    if (event.via === VIA.foundDead || isListed) adopt(sock);
    else if (isCounted(sock)) sock.entered = true;
    else if ((event.flags & SOCK.LINGER) !== 0 && !endsLinger(sock.state)) mayLinger(sock);
    else enter(sock, event.closedAt);
    if (sock.state === TCP.CLOSE && sock.entered) missedDestroys.inClose(sock);
    if (isOutOfOrder) meetDestroy(sock);
    // It may be the end of the life before, whose announcement is still to come.
    if (early.size > 0 && (early.get(event.sk)?.at ?? event.at) > event.at) early.delete(event.sk);
  };

  /** The address has its next life already: this one has ended. Its destroy came before it, or was never seen. */
  const announcePast = (event: Announce): void => {
    const sock = newSock(event, generations.next(event.sk));
    addGap(sock, 'event_late');
    if (!baseline.isDone() && !baseline.see(tupleOfLine(event.line))) {
      exceed(1, 'a close while the inventory is open: there were too many, some may be counted twice');
    }
    if (!isCounted(sock)) ledger.enter(event.closedAt);
    sock.orphanAt = event.closedAt;
    sock.entered = true;
    ledger.exit(now);
    const end = early.get(event.sk);
    if (end === undefined || end.at < event.at || !isOf(sock, end)) {
      ledger.infer();
      addGap(sock, 'destroy_missed');
    } else {
      early.delete(event.sk);
      unannounced--;
      ends(sock, end);
      if (sock.lines !== sock.printed) addGap(sock, 'events_lost');
    }
    options.onEnd(sock);
  };

  /** @param reset - the reset that ended it, coded as a tally's */
  const sampled = ({ sample, line, closedAt }: Announce, reset: number): void => {
    const { lport, rport, pid, comm, deferred } = parseAnnounce(line);
    const port = Math.min(...[lport, rport].filter((each) => each !== 0));
    const end = {
      ...{ end: sample, isNotMemory: deferred?.isNotMemory === true, reset },
      port: Number.isFinite(port) ? port : null,
      pid: pid || null,
      comm: comm === '' ? null : comm,
    };
    abnormal.sample(end, closedAt);
  };

  /** The probe's map had no place for the sock, so the probe announced it again. Nothing between is known. */
  const repeat = (sock: Sock, event: Announce): void => {
    if (sock.lingering && (event.flags & SOCK.DEAD) !== 0) endLinger(sock, event.at);
    addGap(sock, 'events_lost');
    sock.announcedAt = event.at;
    sock.state = stateAfter(event);
    if (event.isFollowed) remember(sock, event);
  };

  /** The inventory listed it before its announcement came: the baseline has it. */
  const isCounted = (sock: Sock): boolean => {
    if (!baseline.isDone() || baseline.silent.size === 0) return false;
    const tuple = tupleOfLine(sock.announce.line);
    const listed = baseline.silent.get(tuple);
    if (listed === undefined || sock.closedAt > listed.at) return false;
    sock.orphanAt = sock.closedAt;
    baseline.drop(tuple);
    return true;
  };

  /** Its announcement came out of order: perhaps after its destroy. */
  const meetDestroy = (sock: Sock): void => {
    addGap(sock, 'event_late');
    const event = early.get(sock.sk);
    if (event === undefined || event.at < sock.announcedAt || !isOf(sock, event)) return;
    unannounced--;
    destroy(event, true);
  };

  /** close() waits for SO_LINGER, unless it is 0 or the process is exiting. @see Linux net/ipv4/af_inet.c, inet_release */
  const mayLinger = (sock: Sock): void => {
    const detail = parseAnnounce(sock.announce.line);
    if (detail.lingerTime === 0 || detail.exiting) {
      enter(sock, sock.closedAt);
      return;
    }
    if ((sock.announce.flags & SOCK.DEAD) !== 0) {
      // Announced after close() had returned: that moment was not seen.
      addGap(sock, 'linger_end_inferred');
      ledger.infer();
      enter(sock, sock.announcedAt);
      return;
    }
    if (lingering.count() >= BOUNDS.unpacked) {
      addGap(sock, 'linger_end_inferred');
      exceed(1, 'the end of SO_LINGER, for which too many sockets wait');
      ledger.infer();
      enter(sock, sock.closedAt);
      return;
    }
    sock.lingering = true;
    lingering.set(sock, lingerEnd(sock.closedAt, detail));
  };

  /** An orphan whose close was not observed: one of the baseline, or one whose close was lost. */
  const adopt = (sock: Sock): void => {
    const isEarly = !baseline.isDone();
    sock.entered = true;
    const listed = baseline.adopt(tupleOfLine(sock.announce.line));
    if (listed !== null || isEarly || ledger.locate()) {
      addGap(sock, 'older_than_capture');
      return;
    }
    addGap(sock, 'close_not_observed');
    ledger.enter(sock.announcedAt);
    ledger.infer();
  };

  const lingerEnd = (closedAt: TraceNs, detail: AnnounceDetail): TraceNs =>
    traceNs(options.hz === null ? Number.POSITIVE_INFINITY : closedAt + (detail.lingerTime / options.hz) * 1e9);

  /** SO_LINGER ran out, or an event shows the sock orphaned already. The orphan began then, or now at the latest. */
  const endLinger = (sock: Sock, at: TraceNs): void => {
    const until = lingering.get(sock) ?? at;
    addGap(sock, 'linger_end_inferred');
    ledger.infer();
    enter(sock, until < at ? until : at);
  };

  /** The sock of an event at `at`. One destroyed before `at` was another at the same address. */
  const sockAt = (sk: SkAddr, at: TraceNs): Sock | undefined => {
    const sock = living.unpack(sk);
    if (sock !== undefined && (sock.destroyedAt === null || at <= sock.destroyedAt)) return sock;
    unannounced++;
    return undefined;
  };

  const setState = (event: SetState, isOutOfOrder: boolean): void => {
    const sock = sockAt(event.sk, event.at);
    if (sock === undefined) return;
    sock.lines++;
    if (isOutOfOrder) addGap(sock, 'event_late');
    else if (event.from !== sock.state) addGap(sock, 'transition_missed');
    if (sock.lingering && (event.flags & SOCK.DEAD) !== 0) endLinger(sock, event.at);
    if (sock.moves.length >= BOUNDS.moves) {
      // The newest transition tells the present state, so the one before it is dropped.
      sock.moves.pop();
      addGap(sock, 'transition_missed');
      exceed(1, `transitions of a socket that had ${BOUNDS.moves} of them since its close`);
    }
    const move: ObservedMove = { at: event.at, from: event.from, to: event.to, own: (event.context & OWN) !== 0 };
    const later = isOutOfOrder ? sock.moves.findIndex(({ at }) => at > event.at) : -1;
    if (later >= 0) {
      sock.moves.splice(later, 0, move);
      return;
    }
    sock.moves = withMove(sock.moves, move);
    sock.state = event.to;
    if (sock.lingering && event.to === TCP.FIN_WAIT2) enter(sock, event.at);
    remember(sock, event);
    if (event.to === TCP.CLOSE && event.from === TCP.FIN_WAIT1) sock.pressure = pressure();
    if (event.to === TCP.CLOSE && sock.entered) missedDestroys.inClose(sock);
  };

  const pressure = (): Pressure => {
    const { orphans, kernelOrphans, kernelLimit } = ledger.now(now);
    const sample = host.seen.sample();
    const memory = sample?.memory ?? null;
    return {
      orphans: orphans ?? kernelOrphans,
      isExact: losses.newest() <= agreedAt,
      limit: sample?.limit ?? kernelLimit,
      memPages: memory?.pages ?? null,
      memHigh: memory?.high ?? null,
      isFresh: sample !== null && now - sample.at < FRESH_NS,
    };
  };

  /**
   * A look is not the sighting of an event. The sock may have gone while it was made, and the memory may be another's.
   * So a look counts only where it shows the sock in its known state. Where all lines came that had been printed about
   * the sock, none of those that were lost was its own.
   */
  const look = (event: Look, isOutOfOrder: boolean): void => {
    const sock = living.unpack(event.sk);
    if (sock === undefined || isOutOfOrder || sock.destroyedAt !== null || event.at <= sock.announcedAt) return;
    if (event.at <= (sock.latestAt ?? 0) || stateOf(event.context) !== sock.state) return;
    const cookie = parseAnnounce(sock.announce.line).cookie;
    if (cookie !== '0' && event.cookie !== '0' && cookie !== decimalOf(event.cookie)) return;
    remember(sock, event);
    if (event.told === sock.lines + 1) sock.mayLack = false;
  };

  const sweep = (event: Swept): void => {
    if (event.isWhole && event.began > sweptAt) sweptAt = event.began;
  };

  /** Its newest line. A line alone does not show that no other one is missing. */
  const remember = (sock: Sock, event: SetState | Retransmit | Look | Announce): void => {
    if (lostEvents > 0) sock.mayLack = living.mayLack(sock);
    sock.latest = event.line;
    sock.latestAt = event.at;
  };

  const destroy = (event: Destroy, isOutOfOrder: boolean): void => {
    const known = living.unpack(event.sk);
    const sock = known === undefined || isOf(known, event) ? known : undefined;
    if (known !== undefined && sock === undefined && known.destroyedAt === null && event.at > known.announcedAt) {
      // The destroy of the next life at this address, whose announcement did not come.
      infer(known, 'destroy_missed');
    }
    if (sock === undefined || sock.destroyedAt !== null) {
      unannounced++;
      if (sock === undefined) expectAnnounce(event);
      return;
    }
    if (isOutOfOrder) addGap(sock, 'event_late');
    if (sock.lingering) enter(sock, event.at);
    ends(sock, event);
    dying--;
    if (sock.entered) ledger.exit(event.at);
    if (event.lines === 0 && lostEvents > 0 && living.mayLack(sock)) addGap(sock, 'events_lost');
    sock.hasOpenEnd = hasOpenEnd(sock, event);
    if (sock.hasOpenEnd && sock.pressure?.isExact === false) addGap(sock, 'events_lost');
    aftermath.add(sock);
  };

  const ends = (sock: Sock, event: Destroy): void => {
    sock.destroyedAt = event.at;
    sock.cookie = event.cookie === '0' ? sock.cookie : decimalOf(event.cookie);
    sock.destroyErr = event.err;
    sock.destroyContext = event.context;
    sock.printed = event.lines - 1;
    if (stateOf(event.context) !== sock.state) addGap(sock, 'transition_missed');
  };

  const expectAnnounce = (event: Destroy): void => {
    early.delete(event.sk);
    early.set(event.sk, { ...event, cookie: ownText(event.cookie) });
    if (early.size <= MAX_EARLY) return;
    const [oldest] = early.keys();
    if (oldest !== undefined) early.delete(oldest);
  };

  const tally = (event: Tally): void => {
    const { via, marks } = event;
    const key = classOf(event);
    const before = tallies.get(key);
    const more = event.count - (before?.count ?? 0);
    // A line that comes out of order has a smaller count than is known already.
    if (more <= 0) return;
    if (before === undefined && tallies.size >= BOUNDS.tallies) {
      exceed(1, `counts of fast deaths of more than ${BOUNDS.tallies} classes`);
      return;
    }
    tallies.set(key, tallyOn(event, more, before, pressure()));
    if (via === VIA.muted_in || via === VIA.muted_out) {
      ledger.blur(more);
      if (via === VIA.muted_in) ledger.enter(event.at, more);
      else ledger.exit(event.at, more);
      return;
    }
    if ((marks & TALLY.answered) !== 0) return;
    tallied += more;
    ledger.passThrough(more, dwellOf(event.size));
  };

  /**
   * The upper bound of a bin of the tallies, ns. Only the announcement bounds the last one. 0: it died inside close().
   */
  const dwellOf = (size: number): number =>
    size === 0 ? 0 : size < LAST_BIN ? 2 ** size * 1000 : Math.max(2 ** LAST_BIN * 1000, announceLag);

  const lose = (count: number): void => {
    lostEvents += count;
    losses.report(newest());
  };

  const advance = (at: TraceNs): void => {
    if (at > now) now = at;
    ledger.advance(now);
    aftermath.advance(now);
    for (let sock = lingering.due(now); sock !== undefined; sock = lingering.due(now)) endLinger(sock, now);
  };

  /**
   * A bpftrace that builds lines in one buffer for each CPU (see `onStack`) lets one fentry program overwrite the line
   * of another that it interrupts: the interrupting line then comes twice. Recordings may have such lines.
   */
  const isTwice = (event: TimedEvent, at: TraceNs): boolean =>
    before !== null &&
    at === beforeAt[0] &&
    event.kind === before.kind &&
    'sk' in event &&
    'sk' in before &&
    event.sk === before.sk;

  return {
    apply: (event, isOutOfOrder) => {
      if (isOutOfOrder) outOfOrder++;
      // Read once: each read of a double from events of different shapes makes a new object.
      const { at } = event;
      if (isTwice(event, at)) return lose(1);
      before = event;
      beforeAt[0] = at;
      living.keepFew();
      advance(at);
      switch (event.kind) {
        case 'announce':
          return announce(event, isOutOfOrder);
        case 'set_state':
          return setState(event, isOutOfOrder);
        case 'retransmit': {
          const sock = sockAt(event.sk, event.at);
          if (sock === undefined) return;
          sock.lines++;
          sock.retransmits++;
          sock.firstRetransmitAt ??= event.at;
          if (isOutOfOrder) addGap(sock, 'event_late');
          else remember(sock, event);
          return;
        }
        case 'look':
          return look(event, isOutOfOrder);
        case 'swept':
          return sweep(event);
        case 'reset': {
          const sock = living.unpack(event.sk);
          if (sock === undefined) return;
          if (sock.destroyedAt === null || event.at < sock.destroyedAt) sock.lines++;
          if (event.sent && !event.answersSegment) {
            if (sock.pressure === null && sock.announce.sample === ENDED.limit) {
              sampled(sock.announce, event.reason === null ? NO_REASON : Math.min(event.reason + 1, NO_REASON));
            }
            sock.pressure ??= pressure();
          }
          if (sock.resets.length >= MAX_RESETS) return;
          // `push` would let the list grow by 16.
          sock.resets = [...sock.resets, event];
          return;
        }
        case 'destroy':
          return destroy(event, isOutOfOrder);
        case 'tally':
          return tally(event);
        case 'ended':
          if (!abnormal.count(event, pressure()))
            exceed(1, `abnormal ends of more than ${BOUNDS.ends} kinds and closers`);
          return;
        case 'inventoried':
          if (!baseline.list(event)) exceed(1, `orphans of an inventory beyond ${BOUNDS.inventory}`);
          return;
        case 'orphan_read':
          return baseline.read(event);
        case 'inventory_end':
          return missedDestroys.inventory(event);
        case 'host_facts':
        case 'kernel_log':
          return host.take(event);
        case 'sample':
          host.take(event);
          if (!ledger.sample(event.at, event.orphans, event.limit)) {
            exceed(1, `samples of the kernel's count, while ${BOUNDS.samples} wait to be compared`);
          }
          return;
        case 'lost':
          return lose(event.count);
        case 'tick':
          if (event.settled !== null) ledger.announced(event.settled);
          living.pack();
          return missedDestroys.tick(at);
        case 'bye':
        case 'notice':
        case 'pulse':
        case 'progress':
          return;
      }
    },
    foresee: ({ at }) => losses.foresee(at),
    addMalformed: () => {
      malformed++;
    },
    end: () => {
      aftermath.advance(Number.POSITIVE_INFINITY);
      ledger.end(now);
      living.addGap('capture_ended');
    },
    live: living.every,
    views: living.views,
    current: ({ sk, generation }) => {
      const now = living.peek(sk);
      return now?.generation === generation && now.destroyedAt === null ? now : undefined;
    },
    dyingCount: () => dying,
    silent: () => baseline.silent.values(),
    silentCount: () => baseline.silent.size,
    notReadCount: baseline.notReadCount,
    ledger: () => ledger.now(newest()),
    counters: () => ({ lostEvents, outOfOrder, malformed, unannounced, tallied }),
    tallies: function* () {
      for (const tally of tallies.values()) if (tally.via <= VIA.destroy) yield tally;
    },
    abnormal: abnormal.all,
    now: newest,
    evidenceAt: (sock) => {
      const told = sock.latestAt ?? sock.announcedAt;
      return isFollowed(sock) && sock.announcedAt < sweptAt - ON_ITS_WAY_NS && sweptAt > told ? sweptAt : told;
    },
    ...host.seen,
  };
};

/** The tally's size for 32,768 us and longer. */
const LAST_BIN = 16;
/** A CPU looks through its closes 200 times a second, and needs several turns when many are due. */
const SWEEP_NS = 50_000_000;
const announceLagOf = (announceNs: number): number => (announceNs === 0 ? 0 : announceNs + SWEEP_NS);

/** True if a reset came after its destroy. It may be one of the address's next life, whose announcement is lost. */
const hasResetAfter = ({ resets, destroyedAt }: Sock): boolean =>
  resets.length > 0 && resets.some(({ at }) => at > (destroyedAt ?? at));

/** States in which close() no longer waits for SO_LINGER. @see Linux net/core/stream.c, sk_stream_closing */
const endsLinger = (state: number): boolean => state === TCP.FIN_WAIT2 || state === TCP.CLOSE;

/** `push` lets an array grow by 16 at least; most socks have one to three transitions. */
const withMove = (moves: ObservedMove[], move: ObservedMove): ObservedMove[] => {
  const [first, second] = moves;
  if (first === undefined) return [move];
  if (moves.length === 1) return [first, move];
  if (moves.length === 2 && second !== undefined) return [first, second, move];
  moves.push(move);
  return moves;
};

/**
 * A and D lines have the same clock. A D line lacks the lower bits, and a double has no ns after 104 days of capture.
 */
const ROUNDED_NS = 65_536;
const SLACK_NS = 1000;

/** True if a destroy is of this life: the probe keeps the time at which it announced the socket that it now sees go. */
const isOf = (sock: Sock, event: Destroy): boolean => {
  const since = sock.announcedAt - event.announcedAt;
  return event.lines === 0 || (since > -SLACK_NS && since < ROUNDED_NS + SLACK_NS);
};
