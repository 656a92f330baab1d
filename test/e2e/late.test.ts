import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import type { TalliedDeaths } from '../../src/explain/tally.ts';
import { differences, ENDINGS, OTHERS, rowsOf } from '../lab/endings.ts';
import { startTrace, stopAll, type Trace } from './finwait.ts';
import { type Lab, type LabSocket, startLab } from './lab.ts';
import { onRealKernel } from './requirements.ts';
import { undisturbed } from './undisturbed.ts';

const TIMES = 2;
const AT_ONCE = 20;
const SEED = 20_261_122;
/** A path that lost events of its own says so; what it says beyond that is not asserted. */
const LOSSES = ['events_lost', 'transition_missed', 'destroy_missed', 'close_not_observed', 'event_late'];
/** Ends that a class does not tell from one another. */
const isUntold = (ended_by: string): boolean =>
  ['retries', 'user_timeout', 'orphan_limit', 'resources'].includes(ended_by);

onRealKernel(`announced after 10 ms: each scenario ${TIMES} times, in random order, ${AT_ONCE} at once`, () => {
  let lab: Lab;
  let trace: Trace;
  let paths: readonly ClosePath[] = [];
  let tallied: readonly TalliedDeaths[] = [];
  const dying = (): readonly LabSocket[] =>
    lab.of('lab_socket').filter(({ role, scenario }) => role === 'dying' && !OTHERS.includes(scenario));
  const rowOf = (socket: LabSocket): ClosePath | undefined => rowsOf(paths, socket)[0];
  const isSpoiled = (path: ClosePath): boolean => path.gaps.some((gap) => LOSSES.includes(gap));

  /** What the rows say wrong of their sockets; of those announced later than closed it is not known what they held. */
  const wrong = (): readonly string[] =>
    dying().flatMap((socket) => {
      const row = rowOf(socket);
      if (row === undefined || isSpoiled(row)) return [];
      const { retransmits, probes, held_bytes, ...steady } = ENDINGS[socket.scenario] ?? { route: '' };
      return differences(steady, row).map((text) => `${socket.scenario} #${socket.run}: ${text}`);
    });

  beforeAll(async () => {
    await undisturbed(
      'announced late',
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
      },
      () => trace,
      stopAll,
    );
    await trace.stop();
    tallied = trace
      .stdout()
      .split('\n')
      .filter((line) => line.startsWith('{"type":"tally"'))
      .map((line) => JSON.parse(line) as TalliedDeaths);
  }, 600_000);
  afterAll(stopAll);

  it('the slow ones have a row, and every field of it is right', () => {
    expect(wrong()).toEqual([]);
    const slow = dying().filter(({ scenario }) => ['retries', 'last_ack_retries', 'window_silent'].includes(scenario));
    expect(slow.length).toBe(3 * TIMES);
    for (const socket of slow) {
      const row = rowOf(socket);
      // One whose events the kernel skipped says so.
      if (row === undefined || isSpoiled(row)) expect(trace.ledger().lost_events, socket.scenario).toBeGreaterThan(0);
      else expect(row, socket.scenario).toMatchObject({ gaps: [], certain: true });
    }
  });

  it('no row is of one that died within 10 ms, unless it was sent again', () => {
    const fast = paths.filter(
      ({ dying_us, retransmits }) => dying_us !== null && dying_us < 10_000 && retransmits === 0,
    );
    expect(fast).toEqual([]);
  });

  it('the others were counted, by how they were closed and how they ended', () => {
    const wanted = new Map<string, number>();
    const without = dying().filter((socket) => rowOf(socket) === undefined);
    expect(without.length).toBeGreaterThan(20);
    for (const { scenario } of without) {
      const { how = 'close', ended_by } = ENDINGS[scenario] ?? {};
      const key = `${how} ${ended_by === undefined || ended_by === null || isUntold(ended_by) ? 'unknown' : ended_by}`;
      wanted.set(key, (wanted.get(key) ?? 0) + 1);
    }
    const counted = new Map<string, number>();
    for (const { how, ended_by, count } of tallied) {
      const key = `${how} ${ended_by}`;
      counted.set(key, (counted.get(key) ?? 0) + count);
    }
    // The kernel may skip the probe that tells a kind from another; it says how often it did.
    const lacking = [...wanted].map(([key, count]) => Math.max(0, count - (counted.get(key) ?? 0)));
    const all = lacking.reduce((sum, count) => sum + count, 0);
    // A class has sk_err as it is at the destroy: an error that the process has read by then makes a kind unknown.
    const unknown = Math.max(0, (counted.get('close unknown') ?? 0) - (wanted.get('close unknown') ?? 0));
    expect(all, JSON.stringify([[...wanted], [...counted]])).toBeLessThanOrEqual(
      trace.ledger().lost_events + Math.min(2, unknown),
    );
  });

  it('the times of a kind are those of its sockets', () => {
    for (const { count, dwell } of tallied) {
      const timed = dwell.reduce((sum, bin) => sum + bin.count, 0);
      expect(timed).toBeLessThanOrEqual(count);
      expect(dwell.map(({ from_us }) => from_us)).toEqual(
        [...dwell.map(({ from_us }) => from_us)].sort((a, b) => a - b),
      );
    }
    const acked = tallied.filter(({ ended_by }) => ended_by === 'acked' || ended_by === 'time_wait');
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
});
