import fc from 'fast-check';
import { ENDINGS, WAITS } from '../../src/explain/causes/order.ts';
import type { ClosePath, Dying, EndedBy, How, Side, WaitingFor } from '../../src/explain/close-path.ts';
import { UNKNOWN_HOST } from '../../src/explain/report/host-state.ts';
import type { ReportEnd, Row } from '../../src/explain/report/report.ts';
import { TCP_STATES } from '../../src/kernel/tcp-state.ts';
import { traceNs } from '../../src/kernel/units.ts';
import { aClosePath } from '../screen/builders.ts';

/** A finished path of an ordinary close. */
export const aPath = (change: Partial<ClosePath> = {}): ClosePath =>
  aClosePath({ ended_by: 'acked', waiting_for: 'last_ack', side: 'none', because: [], ...change });

/** An orphan that waits for an acknowledgement. */
export const aDying = (change: Partial<Dying> = {}): Dying => ({
  ...aClosePath(),
  type: 'dying',
  refreshed_at: '2026-05-04T12:34:56.000000000Z',
  held_now_bytes: null,
  deadline: 'unknown',
  deadline_at: null,
  deadline_expected_at: null,
  deadline_if_answered_at: null,
  deadline_if_late_at: null,
  delivered_bytes_per_second: null,
  delivered_over_us: null,
  delivered_expected_at: null,
  next_timer_at: null,
  deadline_because: [],
  ...change,
});

export const anEnd = (change: Partial<ReportEnd> = {}): ReportEnd => ({
  hostName: 'web-1',
  abnormal: [],
  netns: 4026531840,
  from: '2026-05-04T12:34:00.000000000Z',
  until: '2026-05-04T12:34:56.000000000Z',
  ledger: {
    at: traceNs(1),
    entries: 3,
    exits: 2,
    orphans: 1,
    kernelOrphans: 1,
    kernelLimit: 8192,
    unlocated: 0,
    drift: 0,
    inFlight: 0,
    inferred: 0,
  },
  counters: { lostEvents: 0, outOfOrder: 0, malformed: 0, unannounced: 0, tallied: 0 },
  host: UNKNOWN_HOST,
  isFiltered: false,
  isCut: false,
  ...change,
});

export const ENDS: readonly EndedBy[] = [...ENDINGS.map(({ name }) => name), 'unknown'];
const WAITING: readonly WaitingFor[] = [...WAITS.map(({ name }) => name), 'unknown'];
const SIDES: readonly Side[] = ['local', 'peer', 'network', 'limit', 'operator', 'none', 'unknown'];
const HOWS: readonly How[] = ['close', 'exit', 'listener', 'kernel', 'none', 'unknown'];

/**
 * Text that processes, kernels and files may hold: controls, escapes, bidi, wide and lone characters, and no spaces.
 */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'a\n\u001b[2Jb\u009b',
    '\u202ex',
    '名前'.repeat(20),
    '\ud800',
    'nginx',
    'a b',
    '',
    '\u0000',
    '__proto__',
  ),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

const wait = fc.option(fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e15, noNaN: true })), { nil: null });
const bytes = fc.option(fc.nat(), { nil: null });
const time = fc.option(
  fc
    .integer({ min: 0, max: 86_399 })
    .map((second) => `2026-05-04T${new Date(second * 1000).toISOString().slice(11, 19)}.000000000Z`),
  { nil: null },
);
const state = fc.constantFrom(...TCP_STATES);

/** Any row, finished or dying. */
export const anyRow: fc.Arbitrary<Row> = fc
  .record({
    isDying: fc.boolean(),
    comm: fc.option(hostileText, { nil: null }),
    raddr: fc.constantFrom('10.0.0.1', '10.0.1.7', '192.0.2.9', '2001:db8::1', '::ffff:192.0.2.9', '::', 'fe80::1'),
    ports: fc.tuple(fc.nat(65_535), fc.nat(65_535)),
    dying: wait,
    held: bytes,
    lost: bytes,
    closedAt: time,
    deadline: time,
    waitingFor: fc.constantFrom(...WAITING),
    endedBy: fc.constantFrom(...ENDS),
    side: fc.constantFrom(...SIDES),
    how: fc.constantFrom(...HOWS),
    path: fc.array(
      fc.record({
        at_us: fc.double({ min: -1e9, max: 1e12, noNaN: true }),
        from: state,
        to: state,
        by: fc.constantFrom('process' as const, 'softirq' as const),
      }),
      { maxLength: 30 },
    ),
    certain: fc.boolean(),
    gaps: fc.subarray(['events_lost', 'capture_ended', 'older_than_capture']),
    sentence: hostileText,
  })
  .map((given): Row => {
    const common = {
      closer:
        given.comm === null ? null : { pid: 7, comm: given.comm, exiting: true, exit_signal: 9, exit_status: null },
      family: given.raddr.includes(':') ? ('ipv6' as const) : ('ipv4' as const),
      laddr: given.raddr,
      raddr: given.raddr,
      lport: given.ports[0],
      rport: given.ports[1],
      dying_us: given.dying,
      held_bytes: given.held,
      lost_bytes: given.lost,
      closed_at: given.closedAt,
      waiting_for: given.waitingFor,
      side: given.side,
      how: given.how,
      path: given.path,
      state: given.path.at(-1)?.to ?? null,
      certain: given.certain,
      gaps: given.gaps,
      because: [given.sentence],
      advice: [given.sentence],
    };
    return given.isDying
      ? aDying({ ...common, deadline_at: given.deadline, deadline_because: [given.sentence] })
      : aPath({ ...common, ended_by: given.endedBy });
  });
