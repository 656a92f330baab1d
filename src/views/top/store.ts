import type { ClosePath, Dying } from '../../explain/close-path.ts';
import { type Deadline, deadlineOfSilent } from '../../explain/deadline/deadline.ts';
import { describeSilent } from '../../explain/describe.ts';
import { dyingOf } from '../../explain/dying.ts';
import type { TraceNs } from '../../kernel/units.ts';
import type { LedgerRow } from '../../lifecycle/ledger.ts';
import type { Sock } from '../../lifecycle/sock.ts';
import type { Tracker } from '../../lifecycle/tracker.ts';
import type { Inventoried } from '../../wire/event.ts';
import type { Meta } from '../../wire/meta.ts';
import { NO_FILTER, type PathFilter } from '../filter.ts';
import type { Query, Row, Snapshot, Status, TopStore } from './model.ts';
import { printable } from './printable.ts';
import { heldBy, keyOf, silentKeyOf, type Vantage } from './rows.ts';
import { allRows, selectFrom, selectLive } from './select.ts';

const FRAME_MS = 200;
/** A frame may cost this part of the time; a dearer one comes less often. */
const FRAME_SHARE = 0.2;
/** How often the memory of all dying sockets is added up, ms; longer when that is dear. */
const HELD_MS = 1000;

/** The stream that is shown, as the fold keeps it. */
export type TopSource = {
  readonly meta: Meta;
  readonly tracker: Tracker;
  readonly describe: (sock: Sock) => ClosePath | null;
  readonly describeOneDying: (sock: Sock) => Dying | null;
  readonly deadline: (dying: Sock | Inventoried) => Deadline | null;
  readonly wallClock: (at: TraceNs) => string;
};

export type LiveTopStore = TopStore & {
  readonly attach: (source: TopSource) => void;
  readonly setPhase: (phase: Status['phase']) => void;
  readonly notice: (text: string) => void;
  readonly onLedger: (row: LedgerRow) => void;
  /** A sock ended: kept if its detail is open. */
  readonly onEnd: (sock: Sock) => void;
  readonly stop: () => void;
};

/**
 * Publishes a frozen snapshot of the fold for the screen, some times a second, however many events come in.
 *
 * @param sourceName - the recording's name; empty for a live capture
 * @param filter - the command line's; figures of the header are not filtered
 * @param clock - milliseconds, to time frames by
 */
export const createTopStore = (
  sourceName: string,
  filter: PathFilter = NO_FILTER,
  clock: () => number = () => performance.now(),
): LiveTopStore => {
  const listeners = new Set<() => void>();
  let source: TopSource | null = null;
  let phase: Status['phase'] = 'attaching';
  let notice = '';
  let rates = { entries: 0, exits: 0 };
  let lastLedger: LedgerRow | null = null;
  let held = { bytes: 0, at: Number.NEGATIVE_INFINITY, cost: 0 };
  let query: Query = { filter: '', sort: 'age', limit: 24, offset: 0, detail: null };
  let finished: { readonly key: string; readonly path: ClosePath } | null = null;
  /** While paused: every row of that moment, and its status. */
  let still: { readonly rows: readonly Row[]; readonly status: Status; readonly at: TraceNs } | null = null;
  let isStopped = false;
  let frameCost = 0;

  const vantage = (from: TopSource): Vantage => ({ now: from.tracker.now(), netns: from.meta.netns });

  const statusNow = (): Status => {
    const row = source?.tracker.ledger();
    const counters = source?.tracker.counters();
    const hasTime = source !== null && Number.isFinite(source.tracker.now());
    return {
      source: sourceName === '' ? 'live' : 'recording',
      sourceName,
      phase,
      backend: source?.meta.backend ?? '',
      tracer: source === null ? '' : `bpftrace ${source.meta.bpftrace}`,
      clock: source !== null && hasTime ? localTime(source.wallClock(source.tracker.now())) : '',
      orphans: row?.orphans ?? null,
      kernelOrphans: row?.kernelOrphans ?? null,
      limit: row?.kernelLimit ?? null,
      drift: row?.drift ?? null,
      inFlight: row?.inFlight ?? 0,
      unlocated: row?.unlocated ?? 0,
      entriesPerSec: rates.entries,
      exitsPerSec: rates.exits,
      lostEvents: counters?.lostEvents ?? 0,
      lateEvents: counters?.lateEvents ?? 0,
      malformed: counters?.malformed ?? 0,
      heldBytes: held.bytes,
      heldUnknown: source?.tracker.silentCount() ?? 0,
      notice,
    };
  };

  const addUpHeld = (tracker: Tracker): void => {
    if (clock() - held.at < Math.max(HELD_MS, held.cost / FRAME_SHARE)) return;
    const start = clock();
    let bytes = 0;
    for (const sock of tracker.live()) if (sock.destroyedAt === null) bytes += heldBy(sock);
    held = { bytes, at: clock(), cost: clock() - start };
  };

  const detailNow = (): ClosePath | Dying | null => {
    if (query.detail === null || source === null) return null;
    if (finished?.key === query.detail) return finished.path;
    const sock = find(source.tracker.live(), keyOf, query.detail);
    if (sock !== undefined) return source.describeOneDying(sock);
    const orphan = find(source.tracker.silent(), silentKeyOf, query.detail);
    return orphan === undefined
      ? null
      : dyingOf(
          describeSilent(orphan, source.meta.netns),
          source.deadline(orphan) ?? deadlineOfSilent(),
          source.wallClock,
        );
  };

  /** The rows on the screen with their deadlines: of these few alone they are worked out. */
  const withDeadlines = <P extends { readonly rows: readonly Row[] }>(page: P, from: TopSource, now: TraceNs): P => ({
    ...page,
    rows: page.rows.map((row) => {
      const dying = row.sock ?? row.orphan;
      const deadline = dying === undefined ? null : from.deadline(dying);
      const deadlineMs =
        deadline?.kind === 'at' ? (deadline.expectedAt - now) / 1e6 : deadline?.kind === 'never' ? 'never' : null;
      return { ...row, deadlineMs };
    }),
  });

  const take = (): Snapshot => {
    if (source === null) {
      return Object.freeze({ status: statusNow(), rows: [], matching: 0, total: 0, query, detail: null });
    }
    if (still !== null) {
      const page = withDeadlines(selectFrom(still.rows, query), source, still.at);
      return Object.freeze({ status: still.status, ...page, query, detail: detailNow() });
    }
    addUpHeld(source.tracker);
    const live = selectLive(source.tracker, query, vantage(source), filter);
    const page = withDeadlines(live, source, source.tracker.now());
    return Object.freeze({ status: statusNow(), ...page, query, detail: detailNow() });
  };

  let snapshot = take();
  const publish = (): void => {
    const start = clock();
    snapshot = take();
    frameCost = clock() - start;
    for (const listener of listeners) listener();
  };
  const loop = (): void => {
    if (isStopped) return;
    if (still === null) publish();
    setTimeout(loop, Math.max(FRAME_MS, frameCost / FRAME_SHARE)).unref();
  };
  setTimeout(loop, FRAME_MS).unref();

  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    getSnapshot: () => snapshot,
    setQuery: (change) => {
      query = { ...query, ...change };
      if (change.detail !== undefined && finished?.key !== change.detail) finished = null;
      publish();
    },
    setPaused: (paused) => {
      still =
        !paused || source === null
          ? null
          : { rows: allRows(source.tracker, vantage(source), filter), status: statusNow(), at: source.tracker.now() };
      publish();
    },
    attach: (taken) => {
      source = taken;
      // Which backend was tried, and why, is of no use any more.
      notice = '';
    },
    setPhase: (next) => {
      phase = next;
      publish();
    },
    notice: (text) => {
      notice = printable(text);
    },
    onLedger: (row) => {
      const seconds = lastLedger === null ? 0 : (row.at - lastLedger.at) / 1e9;
      if (lastLedger !== null && seconds > 0) {
        rates = {
          entries: (row.entries - lastLedger.entries) / seconds,
          exits: (row.exits - lastLedger.exits) / seconds,
        };
      }
      lastLedger = row;
    },
    onEnd: (sock) => {
      if (query.detail !== keyOf(sock)) return;
      const path = source?.describe(sock) ?? null;
      if (path !== null) finished = { key: keyOf(sock), path };
    },
    stop: () => {
      isStopped = true;
    },
  };
};

const find = <T>(among: Iterable<T>, key: (item: T) => string, wanted: string): T | undefined => {
  for (const item of among) if (key(item) === wanted) return item;
  return undefined;
};

/** `HH:MM:SS` local, of an RFC 3339 time. */
const localTime = (rfc3339: string): string => {
  const date = new Date(rfc3339);
  return Number.isNaN(date.getTime()) ? '' : date.toTimeString().slice(0, 8);
};
