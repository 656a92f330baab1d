import { filterText } from '../filter/filter.ts';
import { NO_FILTER, type PathFilter } from '../filter/table.ts';
import type { TraceNs } from '../kernel/units.ts';
import type { LedgerRow } from '../lifecycle/ledger.ts';
import type { Sock } from '../lifecycle/sock.ts';
import { dyingUsOf, subjectOfSilent, subjectOfSock } from '../stream/filter.ts';
import type { Sink } from '../stream/sink.ts';
import type { Stream } from '../stream/stream.ts';
import { createTurnedAway, type TurnedAway } from '../stream/turned-away.ts';
import { counted } from '../text/count.ts';
import { printable } from '../text/printable.ts';
import { createOpened } from './detail/opened.ts';
import type { Query, Row, Snapshot, Status, TopStore } from './frame/model.ts';
import { CALM, levelOf, nextLoad } from './header/load.ts';
import { type Rates, statusOf } from './header/status.ts';
import { type Answer, createSurvey, type Survey } from './survey.ts';
import { type Dying, isSock, keyOfDying, rowOfDying } from './table/pass.ts';
import type { Vantage } from './table/rows.ts';
import { firstDying, selectFrom } from './table/select.ts';

const TICK_MS = 200;
/** The probes tick ten times a second. If event time stands for this long, the figures are not of now. */
const STALE_MS = 3000;
/** A frame may cost this share of the time. A dearer frame comes less often. */
const FRAME_SHARE = 0.2;
/** Number of rows that stand still while paused; in a larger table these are the first ones. */
const STILL_ROWS = 4000;
/** Dying sockets that are looked at, for names to give where the filter lets nothing through. */
const MOST_OTHERS = 500;

export type LiveTopStore = TopStore & {
  /** The stream begins: earlier remarks are obsolete. */
  readonly attach: (source: Stream) => void;
  readonly setPhase: (phase: Status['phase']) => void;
  readonly notice: (text: string) => void;
  /** A notice of the stream. The header counts all losses: a second count, of the newest one, would be another figure. */
  readonly streamNotice: NonNullable<Sink['notice']>;
  readonly onLedger: (row: LedgerRow) => void;
  /** Keeps the path of a sock that ended, if its detail is open. */
  readonly onEnd: (sock: Sock) => void;
  readonly stop: () => void;
};

export type StoreOptions = {
  /** The recording's name; empty for a live capture. */
  readonly sourceName: string;
  /** The command line's filter. It does not apply to the figures of the header. */
  readonly filter?: PathFilter;
  /** Belongs to that filter. */
  readonly turnedAway?: TurnedAway;
  /** A clock in milliseconds, to time frames by. */
  readonly clock?: () => number;
  /**
   * Share of the time since the last call, 0 to 1, in which the event loop was at work. Null where a busy loop is no
   * overload: a recording waits for its reader.
   */
  readonly busy?: (() => number) | null;
};

type Still = {
  readonly rows: readonly Row[];
  readonly total: number;
  readonly status: Status;
  readonly at: TraceNs;
};

/** Publishes a frozen snapshot of the fold for the screen, a few times a second, however many events come in. */
export const createTopStore = ({
  sourceName,
  filter = NO_FILTER,
  turnedAway = createTurnedAway(filter),
  clock = () => performance.now(),
  busy = null,
}: StoreOptions): LiveTopStore => {
  const listeners = new Set<() => void>();
  let source: Stream | null = null;
  let survey: Survey | null = null;
  let phase: Status['phase'] = 'attaching';
  let notice = '';
  let rates: Rates | null = null;
  let lastLedger: (LedgerRow & { readonly tallied: number }) | null = null;
  let query: Query = { filter: '', sort: 'age', limit: 24, offset: 0, detail: null };
  const opened = createOpened();
  /** While paused: the rows of that moment, and its status. */
  let still: Still | null = null;
  /** The sockets behind the rows on the screen, the followed row and the open row. */
  let known = new Map<string, Dying>();
  let isStopped = false;
  let load = CALM;
  let drawn = { at: Number.NEGATIVE_INFINITY, cost: 0 };
  let isGoingOn = false;

  const tell = (text: string): void => {
    notice = printable(text);
  };

  const vantage = (from: Stream, now = from.tracker.now()): Vantage => ({
    host: from.host,
    now,
    netns: from.meta.netns,
    evidenceAt: from.tracker.evidenceAt,
    deadlineMs: (dying) => {
      const deadline = from.deadline(dying);
      return deadline.kind === 'at' ? (deadline.expectedAt - now) / 1e6 : deadline.kind === 'never' ? 'never' : null;
    },
  });

  /** Event time when it was last looked at, and when it last moved, by the store's clock. */
  let moved = { at: Number.NEGATIVE_INFINITY, when: clock() };
  const staleMs = (): number | null => {
    if (source === null || sourceName !== '' || phase !== 'tracing') return null;
    const at = source.tracker.now();
    if (at !== moved.at) moved = { at, when: clock() };
    const age = clock() - moved.when;
    return age < STALE_MS ? null : age;
  };

  const tallied = (): number => source?.tracker.counters().tallied ?? 0;
  /** The first count of the fast deaths covers all time since the attach. Only the second one makes a rate. */
  const isFirstCount = (): boolean => lastLedger?.tallied === 0 && tallied() > 0;

  const statusNow = (): Status =>
    statusOf(source, {
      sourceName,
      phase,
      rates: isFirstCount() ? null : rates,
      level: levelOf(load),
      heldBytes: survey?.heldBytes() ?? null,
      filter: filterText(filter),
      unmatched: source === null ? '' : (turnedAway.words(source.meta, tallied()) ?? ''),
      notice,
      staleMs: staleMs(),
    });

  const detailNow = (): Snapshot['detail'] =>
    query.detail === null || source === null ? null : opened.path(known.get(query.detail), source, still !== null);

  /** The rows with their deadlines, which are computed for those on the screen, and for an order by them. */
  const withDeadlines = (rows: readonly Row[], { deadlineMs }: Vantage): readonly Row[] =>
    levelOf(load).hasDetail
      ? rows.map((row) => {
          if (row.deadlineMs !== undefined) return row;
          const dying = row.sock ?? row.orphan;
          return { ...row, deadlineMs: dying === undefined ? null : (deadlineMs?.(dying) ?? null) };
        })
      : rows;

  const remember = (rows: readonly Dying[], { host }: Stream): void => {
    const next = new Map<string, Dying>();
    for (const key of [query.follow ?? null, query.detail]) {
      const dying = key === null ? undefined : known.get(key);
      if (key !== null && dying !== undefined) next.set(key, dying);
    }
    for (const dying of rows) next.set(keyOfDying(host, dying), dying);
    known = next;
  };

  const followed = (): Dying | null => known.get(query.follow ?? '') ?? null;

  const others = new Set<string>();
  /** Tells `turnedAway` of a socket that passes, or of those that there are where none does. */
  const lookAtOthers = (found: readonly Dying[], from: Stream): void => {
    if (filter === NO_FILTER || others.size >= MOST_OTHERS) return;
    const some = found.length > 0 ? found.slice(0, 1) : firstDying(from.tracker, vantage(from), NO_FILTER, MOST_OTHERS);
    for (const dying of some) {
      const key = keyOfDying(from.host, dying);
      if (others.has(key)) continue;
      others.add(key);
      if (isSock(dying)) turnedAway.see(dyingUsOf(dying, from.tracker.now()), () => subjectOfSock(dying));
      else turnedAway.see(null, () => subjectOfSilent(dying));
    }
  };

  const take = (): Snapshot => {
    if (source === null || survey === null) {
      return Object.freeze({ status: statusNow(), rows: [], matching: 0, total: 0, query, detail: null });
    }
    if (still !== null) {
      const seenFrom = vantage(source, still.at);
      if (query.sort === 'due') still = { ...still, rows: withDeadlines(still.rows, seenFrom) };
      const page = selectFrom(still.rows, query);
      const rows = withDeadlines(page.rows, seenFrom);
      remember(
        rows.flatMap((row) => row.sock ?? row.orphan ?? []),
        source,
      );
      const { status, total } = still;
      return Object.freeze({ status, ...page, rows, total, query, detail: detailNow() });
    }
    survey.look(query, vantage(source), followed(), !levelOf(load).hasDetail);
    if (survey.isAtWork()) goOn();
    const seenFrom = vantage(source);
    const { rows: found, ...page }: Answer = survey.page(query, seenFrom, followed());
    remember(found, source);
    lookAtOthers(found, source);
    const rows = withDeadlines(
      found.map((dying) => rowOfDying(dying, seenFrom)),
      seenFrom,
    );
    const total = source.tracker.silentCount() + source.tracker.dyingCount();
    return Object.freeze({ status: statusNow(), rows, ...page, total, detail: detailNow() });
  };

  /** Continues the survey's work between frames. */
  const goOn = (): void => {
    if (isGoingOn || survey === null) return;
    isGoingOn = true;
    setTimeout(() => {
      isGoingOn = false;
      if (isStopped || survey === null) return;
      const wasAwaited = snapshot.progress !== undefined && snapshot.progress !== null;
      if (!survey.goOn()) goOn();
      else if (wasAwaited && still === null) publish();
    }, survey.pauseMs()).unref();
  };

  let snapshot = take();
  const publish = (): void => {
    const start = clock();
    snapshot = take();
    drawn = { at: start, cost: clock() - start };
    for (const listener of listeners) listener();
  };

  let tickAt = clock();
  const tick = (): void => {
    if (isStopped) return;
    const now = clock();
    if (busy !== null) {
      const sample = { tookMs: now - tickAt, busy: busy(), lagMs: now - tickAt - TICK_MS };
      const before = load;
      load = nextLoad(load, sample);
      // The user is told at once what the screen has given up.
      if (load.step !== before.step && still === null) publish();
    }
    tickAt = now;
    const every = Math.max(levelOf(load).drawMs, drawn.cost / FRAME_SHARE);
    if (still === null && now - drawn.at >= every - TICK_MS / 2) publish();
    setTimeout(tick, TICK_MS).unref();
  };
  setTimeout(tick, TICK_MS).unref();

  const hold = (from: Stream, on: Survey): Still => {
    const { tracker } = from;
    const total = tracker.silentCount() + tracker.dyingCount();
    const seenFrom = vantage(from);
    const isWhole = total <= STILL_ROWS;
    const dying = isWhole
      ? firstDying(tracker, seenFrom, filter, STILL_ROWS)
      : on.page({ ...query, offset: 0, limit: STILL_ROWS, follow: null }, seenFrom, null).rows;
    const status = statusNow();
    const text = `paused on ${counted(dying.length, 'row')} of ${counted(total, 'dying socket')}`;
    return {
      rows: dying.map((one) => rowOfDying(one, seenFrom)),
      total,
      status: isWhole ? status : { ...status, notice: [text, notice].filter((part) => part !== '').join('; ') },
      at: seenFrom.now,
    };
  };

  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    getSnapshot: () => snapshot,
    setQuery: (change) => {
      query = { ...query, ...change };
      opened.open(query.detail);
      publish();
    },
    setPaused: (paused) => {
      still = !paused || source === null || survey === null ? null : hold(source, survey);
      publish();
    },
    attach: (taken) => {
      source = taken;
      survey = createSurvey(taken.tracker, filter, clock);
      // By now it is of no use which backend was tried, and why.
      notice = '';
    },
    setPhase: (next) => {
      phase = next;
      publish();
    },
    notice: tell,
    streamNotice: (text, _at, lostWhere) => tell(lostWhere === null ? text : `events lost: ${lostWhere}`),
    onLedger: (row) => {
      const seconds = lastLedger === null ? 0 : (row.at - lastLedger.at) / 1e9;
      if (isFirstCount()) rates = null;
      else if (lastLedger !== null && seconds > 0) {
        rates = {
          entries: (row.entries - lastLedger.entries) / seconds,
          exits: (row.exits - lastLedger.exits) / seconds,
          tallied: (tallied() - lastLedger.tallied) / seconds,
        };
      }
      lastLedger = { ...row, tallied: tallied() };
    },
    onEnd: (sock) => {
      if (source === null) return;
      opened.onEnd(sock, source);
      const now = sock.destroyedAt ?? source.tracker.now();
      if (filter !== NO_FILTER) turnedAway.see(dyingUsOf(sock, now), () => subjectOfSock(sock));
    },
    stop: () => {
      isStopped = true;
    },
  };
};
