import { describe, expect, test } from 'vitest';
import { abnormalDeaths } from '../../src/explain/abnormal.ts';
import { abnormalWords } from '../../src/explain/report/abnormal-words.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { closed, destroyed, ending, step } from '../builders/endings.ts';
import { pathOf } from '../builders/explain.ts';
import { only, track } from '../builders/track.ts';
import { minisockLine, ms, sec, tickLine, untoldLine } from '../builders/wire-lines.ts';

const ENDS = [
  ['IPv4', '10.0.0.1', '10.0.0.2', '10.0.0.2'],
  ['IPv6', '2001:db8::1', '2001:db8::2', '2001:db8::2'],
  ['IPv4 on an IPv6 socket', '::ffff:a00:1', '::ffff:a00:2', '::ffff:10.0.0.2'],
] as const;

/** Handed over to a minisock at 2 ms. */
const handover = (local?: string, peer?: string): readonly string[] => [
  closed({ pid: 4711, comm: 'api', ...(local === undefined || peer === undefined ? {} : { local, peer }) }),
  step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
  step(ms(1) + 5, 'FIN_WAIT2', 'CLOSE'),
  destroyed(ms(2)),
];
const deaths = (...lines: readonly string[]) =>
  abnormalDeaths(
    track()
      .feed(...lines)
      .tracker.abnormal(),
    new Map(),
  );

describe.each(ENDS)('data that meets a minisock, %s', (_name, local, peer, shown) => {
  test('within 5 ms of the handover the path of the socket says so', () => {
    const lines = [...handover(local, peer), minisockLine({ at: ms(4), local, peer }), tickLine(ms(20))];
    expect(ending(...lines)).toEqual(['data_after_close', 'peer']);
    expect(pathOf(lines).because.join()).toContain('minisock');
    expect(only(deaths(...lines))).toMatchObject({ count: 1, sampled: 1 });
  });

  test('later the path is told already: the reset is counted by port, peer and closer', () => {
    const lines = [...handover(local, peer), tickLine(ms(20)), minisockLine({ at: ms(30), local, peer })];
    expect(ending(...lines)).toEqual(['fin_wait2_timewait', 'peer']);
    expect(only(deaths(...lines))).toEqual({
      ended_by: 'data_after_close',
      side: 'peer',
      comm: 'api',
      pid: 4711,
      port: 443,
      by_minisock: true,
      raddr: shown,
      count: 1,
      per_second: null,
      sampled: 0,
    });
  });
});

test('a socket that finwait never told of has no closer, and another connection keeps its own', () => {
  const [one] = deaths(...handover(), minisockLine({ at: ms(30), rport: 51_235 }));
  expect(one).toMatchObject({ comm: null, pid: null, port: 443, raddr: '10.0.0.2', count: 1 });
});

test('a minisock answers once: the next at that tuple is of another connection', () => {
  const all = deaths(...handover(), minisockLine({ at: ms(30) }), minisockLine({ at: ms(40) }));
  expect(all.map(({ comm, count }) => [comm, count])).toEqual([
    ['api', 1],
    [null, 1],
  ]);
});

test('resets that no line told of are counted without port, peer and closer', () => {
  // The counts are those since the start; one that comes again says nothing new.
  const [first, second] = [15, 40].map((count) => untoldLine(ms(31), count));
  const all = deaths(minisockLine({ at: ms(30) }), first ?? '', second ?? '', second ?? '');
  expect(all).toMatchObject([
    { count: 40, port: null, raddr: null, comm: null, by_minisock: true },
    { count: 1, port: 443, raddr: '10.0.0.2' },
  ]);
});

test('many peers take bounded memory, and none is left out of the count', () => {
  const lines = Array.from({ length: BOUNDS.minisocks + 50 }, (_, i) =>
    minisockLine({ at: ms(i), peer: `10.1.${i >> 8}.${i & 255}` }),
  );
  const all = deaths(...lines);
  expect(all.length).toBeLessThanOrEqual(BOUNDS.minisocks + 1);
  expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(BOUNDS.minisocks + 50);
  expect(all[0]).toMatchObject({ count: 50, raddr: null });
});

test('the words name the peer and the closer, and the rate', () => {
  const lines = Array.from({ length: 40 }, (_, i) => minisockLine({ at: sec(i / 10), rport: 50_000 + i }));
  const [row] = deaths(...lines);
  expect(row?.per_second).toBeGreaterThan(9);
  expect(row?.per_second).toBeLessThan(11);
  if (row === undefined) throw new Error('no row');
  expect(abnormalWords({ ...row, comm: 'api', pid: 4711 })).toMatch(
    /^10\.0\.0\.2 sends data after api\[4711\] closed, and FIN_WAIT2 minisocks reset it: 10\/s on port 443, 40 connections in all$/,
  );
  expect(abnormalWords({ ...row, raddr: null })).toMatch(/^peers send data after close\(\), and FIN_WAIT2 minisocks/);
});
