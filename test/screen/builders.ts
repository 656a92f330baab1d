import type { ClosePath } from '../../src/explain/close-path.ts';
import type { Query, Row, Snapshot, Status, TopStore } from '../../src/screen/frame/model.ts';

export const aStatus = (change: Partial<Status> = {}): Status => ({
  source: 'live',
  sourceName: '',
  phase: 'tracing',
  backend: 'fentry',
  tracer: 'bpftrace 0.23.1',
  clock: '12:34:56',
  staleMs: null,
  orphans: 1234,
  kernelOrphans: 1236,
  limit: 16384,
  drift: -2,
  inFlight: 3,
  unlocated: 0,
  entriesPerSec: 120,
  exitsPerSec: 118,
  fastDeaths: 0,
  abnormal: [],
  fastDeathsPerSec: 0,
  minAgeMs: null,
  lostEvents: 0,
  outOfOrder: 0,
  malformed: 0,
  heldBytes: 12_900_000,
  heldUnknown: 0,
  filter: '',
  unmatched: '',
  overload: '',
  notice: '',
  ...change,
});

export const aRow = (change: Partial<Row> = {}): Row => ({
  key: 'ffff888100000001/1',
  ageMs: 12_345,
  state: 'FIN_WAIT1',
  local: '10.0.0.5:443',
  peer: '192.0.2.7:51234',
  netns: null,
  closer: { comm: 'nginx', pid: 4242, exiting: false },
  heldBytes: 131_072,
  retransmits: 3,
  waitingFor: 'ack',
  certain: true,
  ...change,
});

/** `count` rows, oldest first, told apart by the peer's port: 50000 upward. */
export const someRows = (count: number, change: (index: number) => Partial<Row> = () => ({})): readonly Row[] =>
  Array.from({ length: count }, (_, index) =>
    aRow({
      key: `sk${index}/1`,
      ageMs: (count - index) * 1000,
      peer: `192.0.2.7:${50_000 + index}`,
      ...change(index),
    }),
  );

export const aClosePath = (change: Partial<ClosePath> = {}): ClosePath => ({
  type: 'close_path',
  sk: 'ffff888100000001',
  generation: 1,
  cookie: '77',
  netns: 4026531840,
  family: 'ipv4',
  laddr: '10.0.0.5',
  lport: 443,
  raddr: '192.0.2.7',
  rport: 51234,
  uid: 33,
  cgroup_id: '5123',
  closer: { pid: 4242, comm: 'nginx', exiting: true, exit_signal: 9, exit_status: null },
  closed_at: '2026-05-04T12:34:43.655000000Z',
  closed_in: 'ESTABLISHED',
  state: 'FIN_WAIT2',
  how: 'exit',
  closed_first: 'local',
  path: [
    { at_us: 12, from: 'ESTABLISHED', to: 'FIN_WAIT1', by: 'process' },
    { at_us: 40_512, from: 'FIN_WAIT1', to: 'FIN_WAIT2', by: 'softirq' },
  ],
  orphan_us: 12_345_000,
  dying_us: 12_345_012,
  dying_at_least_us: 12_345_012,
  unread_bytes: 0,
  unacked_bytes: 1448,
  unsent_bytes: null,
  held_bytes: 131_072,
  lost_bytes: null,
  retransmits: 3,
  probes: 0,
  waiting_for: 'ack',
  ended_by: null,
  side: 'unknown',
  because: ['the FIN was sent 3 times and never acknowledged'],
  advice: [],
  certain: true,
  gaps: [],
  ...change,
});

export type FakeStore = TopStore & {
  /** A new frame. */
  readonly show: (change: {
    readonly rows?: readonly Row[];
    readonly status?: Status;
    readonly detail?: ClosePath;
  }) => void;
  readonly asked: () => Query;
  readonly isPaused: () => boolean;
};

const textOf = (row: Row): string =>
  `${row.state} ${row.local} ${row.peer} ${row.closer?.comm} ${row.waitingFor}`.toLowerCase();

const passes = (row: Row, filter: string): boolean =>
  filter
    .toLowerCase()
    .split(' ')
    .every((word) => textOf(row).includes(word));

/** A store that pages, filters and follows like the real one; of the sorts it knows `held`, the rest keep the order. */
export const fakeStore = (rows: readonly Row[], status: Status = aStatus(), detail = aClosePath()): FakeStore => {
  let now = { rows, status, detail };
  let query: Query = { filter: '', sort: 'age', limit: 10, offset: 0, detail: null };
  let isPaused = false;
  const listeners = new Set<() => void>();
  const compose = (): Snapshot => {
    const sorted = now.rows
      .filter((row) => passes(row, query.filter))
      .toSorted((a, b) => {
        const order = query.sort === 'held' ? (b.heldBytes ?? 0) - (a.heldBytes ?? 0) : 0;
        return query.isReversed === true ? -order : order;
      });
    const followed = sorted.findIndex(({ key }) => key === query.follow);
    return {
      status: now.status,
      rows: sorted.slice(query.offset, query.offset + query.limit),
      matching: sorted.length,
      total: now.rows.length,
      query,
      followIndex: followed < 0 ? null : followed,
      detail: query.detail === null ? null : now.detail,
    };
  };
  let snapshot = compose();
  const publish = (): void => {
    snapshot = compose();
    for (const listener of listeners) listener();
  };
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    getSnapshot: () => snapshot,
    setQuery: (change) => {
      query = { ...query, ...change };
      publish();
    },
    setPaused: (paused) => {
      isPaused = paused;
    },
    show: (change) => {
      now = { ...now, ...change };
      publish();
    },
    asked: () => query,
    isPaused: () => isPaused,
  };
};
