import type { ClosePath } from '../../explain/close-path.ts';
import { heldBytes } from '../../explain/describe.ts';
import { waitingIn } from '../../explain/waiting.ts';
import { endpoint } from '../../kernel/address.ts';
import { stateName } from '../../kernel/tcp-state.ts';
import type { TraceNs } from '../../kernel/units.ts';
import type { LedgerRow } from '../../lifecycle/ledger.ts';
import type { Sock } from '../../lifecycle/sock.ts';
import type { Tracker } from '../../lifecycle/tracker.ts';
import type { Inventoried } from '../../wire/event.ts';
import { VIA } from '../../wire/event.ts';
import { parseAnnounce, parseEvidence } from '../../wire/evidence.ts';
import type { Meta } from '../../wire/meta.ts';
import type { Query, Row, Snapshot, Status, TopStore } from './model.ts';
import { printable } from './printable.ts';
import { compareRows, matches } from './select.ts';

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
 */
export const createTopStore = (sourceName: string, now: () => number = () => performance.now()): LiveTopStore => {
  const listeners = new Set<() => void>();
  let source: TopSource | null = null;
  let phase: Status['phase'] = 'attaching';
  let notice = '';
  let rates = { entries: 0, exits: 0 };
  let lastLedger: LedgerRow | null = null;
  let held = { bytes: 0, at: Number.NEGATIVE_INFINITY, cost: 0 };
  let query: Query = { filter: '', sort: 'age', limit: 24, offset: 0, detail: null };
  let finished: { readonly key: string; readonly path: ClosePath } | null = null;
  let isPaused = false;
  let isStopped = false;
  let frameCost = 0;

  const statusNow = (): Status => {
    const row = source?.tracker.ledger();
    const counters = source?.tracker.counters();
    const clock =
      source === null || !Number.isFinite(source.tracker.now()) ? '' : source.wallClock(source.tracker.now());
    return {
      source: sourceName === '' ? 'live' : 'recording',
      sourceName,
      phase,
      backend: source?.meta.backend ?? '',
      tracer: source === null ? '' : `bpftrace ${source.meta.bpftrace}`,
      clock: clock === '' ? '' : localTime(clock),
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
      notice,
    };
  };

  const addUpHeld = (tracker: Tracker): void => {
    if (now() - held.at < Math.max(HELD_MS, held.cost / FRAME_SHARE)) return;
    const start = now();
    let bytes = 0;
    for (const sock of tracker.live()) if (sock.destroyedAt === null) bytes += heldBy(sock);
    held = { bytes, at: now(), cost: now() - start };
  };

  const select = (from: TopSource): { rows: Row[]; matching: number; total: number } => {
    const { tracker } = from;
    const end = query.offset + query.limit;
    if (query.sort === 'age' && query.filter === '') {
      // Announced in the order of their closes: the oldest come first, and nothing has to be sorted.
      const rows: Row[] = [];
      let seen = 0;
      for (const orphan of tracker.silent()) {
        if (seen >= query.offset && seen < end) rows.push(silentRow(orphan, from.meta));
        if (++seen >= end) break;
      }
      if (seen < end) {
        for (const sock of tracker.live()) {
          if (sock.destroyedAt !== null) continue;
          if (seen >= query.offset && seen < end) rows.push(rowOf(sock, from));
          if (++seen >= end) break;
        }
      }
      const total = tracker.silentCount() + tracker.dyingCount();
      return { rows, matching: total, total };
    }
    const all: Row[] = [];
    for (const orphan of tracker.silent()) all.push(silentRow(orphan, from.meta));
    for (const sock of tracker.live()) if (sock.destroyedAt === null) all.push(rowOf(sock, from));
    const matching = all.filter((row) => matches(row, query.filter));
    matching.sort(compareRows(query.sort));
    return { rows: matching.slice(query.offset, end), matching: matching.length, total: all.length };
  };

  const detailNow = (): ClosePath | null => {
    if (query.detail === null || source === null) return null;
    if (finished?.key === query.detail) return finished.path;
    const sock = findSock(source.tracker, query.detail);
    return sock === undefined ? null : source.describe(sock);
  };

  const take = (): Snapshot => {
    if (source === null)
      return Object.freeze({ status: statusNow(), rows: [], matching: 0, total: 0, query, detail: null });
    addUpHeld(source.tracker);
    return Object.freeze({ status: statusNow(), ...select(source), query, detail: detailNow() });
  };

  let snapshot = take();
  const publish = (): void => {
    const start = now();
    snapshot = take();
    frameCost = now() - start;
    for (const listener of listeners) listener();
  };
  const loop = (): void => {
    if (isStopped) return;
    if (!isPaused) publish();
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
      isPaused = paused;
      if (!paused) publish();
    },
    attach: (taken) => {
      source = taken;
    },
    setPhase: (next) => {
      phase = next;
      if (!isPaused) publish();
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

const keyOf = (sock: Sock): string => `${sock.sk}/${sock.generation}`;

const findSock = (tracker: Tracker, key: string): Sock | undefined => {
  const [sk, generation] = key.split('/');
  for (const sock of tracker.live()) if (sock.sk === sk && sock.generation === Number(generation)) return sock;
  return undefined;
};

const evidenceOf = (sock: Sock) =>
  sock.latest === null ? parseAnnounce(sock.announce.line) : parseEvidence(sock.latest);

const heldBy = (sock: Sock): number => heldBytes(evidenceOf(sock));

const rowOf = (sock: Sock, source: TopSource): Row => {
  const detail = parseAnnounce(sock.announce.line);
  const evidence = sock.latest === null ? detail : parseEvidence(sock.latest);
  const isLate = sock.announce.via === VIA.late;
  return {
    key: keyOf(sock),
    ageMs: isLate ? null : Math.max(0, (source.tracker.now() - sock.announcedAt) / 1e6),
    state: stateName(sock.state),
    local: endpoint(detail.family, detail.laddr, detail.lport),
    peer: endpoint(detail.family, detail.raddr, detail.rport),
    netns: detail.netns === source.meta.netns ? null : detail.netns,
    closer: isLate ? null : { comm: printable(detail.comm), pid: detail.pid, exiting: detail.exiting },
    heldBytes: heldBytes(evidence),
    retransmits: sock.retransmits,
    waitingFor: sock.lingering ? 'linger' : waitingIn(sock.state, evidence),
    certain: sock.gaps.size === 0,
  };
};

/** An orphan that only the inventory knows. */
const silentRow = (orphan: Inventoried, meta: Meta): Row => ({
  key: `/${orphan.netns}/${orphan.laddr}/${orphan.lport}/${orphan.raddr}/${orphan.rport}`,
  ageMs: null,
  state: stateName(orphan.state),
  local: endpoint(orphan.family, orphan.laddr, orphan.lport),
  peer: endpoint(orphan.family, orphan.raddr, orphan.rport),
  netns: orphan.netns === meta.netns ? null : orphan.netns,
  closer: null,
  heldBytes: null,
  retransmits: orphan.retransmits,
  waitingFor: 'unknown',
  certain: false,
});

/** `HH:MM:SS` local, of an RFC 3339 time. */
const localTime = (rfc3339: string): string => {
  const date = new Date(rfc3339);
  return Number.isNaN(date.getTime()) ? '' : date.toTimeString().slice(0, 8);
};
