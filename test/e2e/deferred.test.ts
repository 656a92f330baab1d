import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import {
  type CountRecord,
  countedKinds,
  countRecords,
  deferredDifferences,
  hasty,
  kindOf,
  kindsOf,
  SLOW,
  toldOf,
  uncounted,
} from '../lab/deferred.ts';
import { ENDINGS, isSpoiled, rowsOf } from '../lab/endings.ts';
import { startTrace, stopAll, type Trace } from './finwait.ts';
import { type Lab, type LabSocket, startLab } from './lab.ts';
import { onRealKernel } from './requirements.ts';
import { undisturbed } from './undisturbed.ts';

const TIMES = 2;
const AT_ONCE = 20;
const SEED = 20_261_122;
/** Where ss is quick this orphan is killed within 10 ms: an example, whose record says `unknown`. */
const QUICKLY_KILLED = 'killed';

onRealKernel(`announced after 10 ms: each scenario ${TIMES} times, in random order, ${AT_ONCE} at once`, () => {
  let lab: Lab;
  let trace: Trace;
  let paths: readonly ClosePath[] = [];
  let records: readonly CountRecord[] = [];
  const tallied = () => records.filter((record) => record.type === 'tally');
  const dying = (): readonly LabSocket[] => toldOf(lab.of('lab_socket'));
  const slow = (): readonly LabSocket[] => dying().filter(({ scenario }) => SLOW.includes(scenario));
  const rowOf = (socket: LabSocket): ClosePath | undefined => rowsOf(paths, socket)[0];

  const wrong = (): readonly string[] =>
    dying().flatMap((socket) => deferredDifferences(socket, paths, trace.meta().backend));

  beforeAll(async () => {
    await undisturbed(
      'with deferred announcements',
      async () => {
        trace = await startTrace('--min-age', '10ms');
        lab = startLab(
          ...['--hold', '--count', String(TIMES), '--at-once', String(AT_ONCE), '--shuffle', String(SEED)],
          ...Object.keys(ENDINGS),
        );
        await lab.until('all is played', () => lab.of('lab_hold').length > 0, 180_000);
        expect(lab.of('lab_failed')).toEqual([]);
        let more = 3;
        await trace.nextLedger('drift 0 at rest', (row) => row.drift === 0 && row.in_flight === 0 && --more <= 0);
        paths = trace.paths();
        if (trace.ledger().lost_events > 0) expect(wrong()).toEqual([]);
        // A row that says that it lacks an event is right, but shows nothing.
        const doubtful = slow().filter((socket) => rowsOf(paths, socket).some(isSpoiled));
        expect(doubtful.map(({ scenario }) => scenario)).toEqual([]);
      },
      () => trace,
      stopAll,
    );
    await trace.stop();
    records = countRecords(trace.stdout());
  }, 600_000);
  afterAll(stopAll);

  it('the slow ones have a row, and every field of it is right', () => {
    expect(wrong()).toEqual([]);
    expect(slow().length).toBe(SLOW.length * TIMES);
    for (const socket of slow()) {
      const row = rowOf(socket);
      // A row whose events the kernel skipped says so.
      if (row === undefined || isSpoiled(row)) {
        const what = `${socket.scenario}: ${row === undefined ? 'no row' : row.gaps.join(' ')}`;
        expect(trace.ledger().lost_events, what).toBeGreaterThan(0);
      } else expect(row, socket.scenario).toMatchObject({ gaps: [], certain: true });
    }
  });

  it('no row is of one that died within 10 ms, unless it was sent again', () => {
    expect(hasty(paths, 10)).toEqual([]);
  });

  it('the others were counted, by how they were closed and how they ended', () => {
    const without = dying().filter((socket) => rowOf(socket) === undefined);
    expect(without.length).toBeGreaterThan(20);
    const wanted = kindsOf(
      without
        .filter(({ scenario }) => scenario !== QUICKLY_KILLED)
        .map(({ scenario }) => {
          const { how = 'close', ended_by } = ENDINGS[scenario] ?? {};
          return { kind: kindOf(how, ended_by), count: 1 };
        }),
    );
    const counted = countedKinds(records);
    // The kernel may skip the probe that tells one kind from another. It says how often it did, but not for the probes
    // that it skips uncounted (docs/measurements.md): one in a few runs here.
    expect(uncounted(wanted, counted), JSON.stringify([[...wanted], [...counted]])).toBeLessThanOrEqual(
      trace.ledger().lost_events + 1,
    );
  });

  it('the times of a kind are those of its sockets', () => {
    for (const { count, dwell } of tallied()) {
      const timed = dwell.reduce((sum, bin) => sum + bin.count, 0);
      expect(timed).toBeLessThanOrEqual(count);
      expect(dwell.map(({ from_us }) => from_us)).toEqual(
        [...dwell.map(({ from_us }) => from_us)].sort((a, b) => a - b),
      );
    }
    const acked = tallied().filter(({ ended_by }) => ended_by === 'acked' || ended_by === 'time_wait');
    expect(acked.length).toBeGreaterThan(0);
    for (const { count, dwell, closed_in } of acked) {
      if (closed_in !== null && closed_in !== 'CLOSE')
        expect(dwell.reduce((sum, bin) => sum + bin.count, 0)).toBe(count);
    }
  });
});

onRealKernel('a filter in the kernel', () => {
  let trace: Trace;
  let lab: Lab;
  const named = (comm: string) => (path: ClosePath) => path.closer?.comm === comm;

  beforeAll(async () => {
    await undisturbed(
      'filtered',
      async () => {
        trace = await startTrace('--min-age', '10ms', '--comm', 'retries');
        lab = startLab('--hold', '--count', '3', '--at-once', '6', 'retries', 'window_silent');
        await lab.until('all is played', () => lab.of('lab_hold').length > 0, 60_000);
        let more = 3;
        await trace.nextLedger('drift 0 at rest', (row) => row.drift === 0 && row.in_flight === 0 && --more <= 0);
        expect(trace.paths(named('retries')).length).toBe(3);
      },
      () => trace,
      stopAll,
    );
  }, 300_000);
  afterAll(stopAll);

  it('lets through what it is for, and nothing else', () => {
    expect(trace.paths().every(named('retries'))).toBe(true);
    for (const path of trace.paths()) expect(path).toMatchObject({ ended_by: 'retries', waiting_for: 'ack' });
  });

  it('keeps the ledger: what is not announced is counted all the same', () => {
    // Three sockets of each kind died slowly.
    const { entries, exits, drift } = trace.ledger();
    expect(entries).toBeGreaterThanOrEqual(6);
    expect({ exits, drift }).toEqual({ exits: entries, drift: 0 });
  });

  it('one of every kind, as long as they get, fits the stack of a BPF program', async () => {
    await stopAll();
    const ports = (from: number): string => Array.from({ length: 8 }, (_, i) => from + i).join(',');
    const all = ['-p', '1', '--comm', 'abcdefghijklmno', '-L', ports(80), '-D', ports(440), '-4', '--netns', '1'];
    const narrow = await startTrace('--min-age', '10ms', ...all);
    expect(narrow.meta().filters).not.toEqual({});
    expect((await narrow.stop()).exitCode).toBe(0);
  });
});
