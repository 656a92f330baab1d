import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createReport } from '../../../src/explain/report/create-report.ts';
import { createGroups } from '../../../src/explain/report/groups.ts';
import type { ReportEnd } from '../../../src/explain/report/report.ts';
import { GROUPINGS, type Grouping, type Report, type Row } from '../../../src/explain/report/report.ts';
import { aDying, anEnd, anyRow, aPath } from '../../builders/rows.ts';

const reportOf = (
  rows: Iterable<Row>,
  { by = 'cause', limit = 10, ...end }: Partial<ReportEnd> & { by?: Grouping; limit?: number } = {},
): Report => {
  const fold = createReport({ by, limit });
  for (const row of rows) fold.add(row);
  return fold.end(anEnd(end));
};

const withLedger = (change: Partial<NonNullable<ReportEnd['ledger']>>): ReportEnd['ledger'] => {
  const { ledger } = anEnd();
  return ledger === null ? null : { ...ledger, ...change };
};

const UNREAD = {
  ended_by: 'unread_data',
  side: 'local',
  comm: 'api',
  pid: 4711,
  port: 8080,
  by_minisock: false,
  raddr: null,
  count: 800,
  per_second: 200,
  sampled: 80,
} as const;

describe('the answer', () => {
  test('tells of abnormal ends and what to do, and says that no socket died only where none did', () => {
    const abnormal = [UNREAD];
    const { counters } = anEnd();
    const tallied = { lostEvents: 0, outOfOrder: 0, malformed: 0, unannounced: 0, tallied: 1057 };
    const none = { ledger: withLedger({ orphans: 0, kernelOrphans: 0 }), counters };
    expect(reportOf([], none).answer).toContain('No socket died while finwait watched.');
    const { answer } = reportOf([], { ...none, counters: tallied, abnormal });
    expect(answer).not.toContain('No socket died');
    expect(answer).toContain('1,057 sockets died too fast to be told of one by one.');
    expect(answer).toContain(
      'Abnormal ends: api[4711] resets clients with unread data: 200/s on port 8080, 800 connections in all.',
    );
    expect(answer.match(/To do \(unread_data\): Read before closing/g)).toHaveLength(1);
    const row = aPath({ ended_by: 'unread_data', side: 'local' });
    expect(reportOf([row], { ...none, counters: tallied, abnormal }).answer.match(/To do/g)).toHaveLength(1);
  });

  test('a handover to minisocks is harmless only where they reset no data', () => {
    const rows = [
      aPath({ ended_by: 'fin_wait2_timewait', dying_us: 100 }),
      aPath({ ended_by: 'acked', dying_us: 100 }),
    ];
    const none = { ledger: withLedger({ orphans: 0, kernelOrphans: 0 }) };
    expect(reportOf(rows, none).answer).not.toContain('To do');
    const abnormal = [
      { ...UNREAD, count: 800 },
      { ...UNREAD, ended_by: 'data_after_close', side: 'peer', by_minisock: true, raddr: '192.0.2.7', count: 3 },
    ] as const;
    const { answer } = reportOf(rows, { ...none, abnormal });
    expect(answer).toContain('To do (data_after_close): Let this application say that it ends');
    expect(answer).toContain('192.0.2.7 sends data after api[4711] closed, and FIN_WAIT2 minisocks reset it');
    expect(reportOf(rows, { ...none, abnormal: [UNREAD] }).answer).not.toContain('data_after_close');
  });

  test('says how many, since when, why, whose, who kept them and what to do', () => {
    const { answer } = reportOf(
      [
        aDying({ dying_us: 60e6, closed_at: '2026-05-04T12:33:56.000000000Z', side: 'network' }),
        aDying({ raddr: '192.0.2.9', rport: 40_000, side: 'network' }),
        aDying({ waiting_for: 'window', closer: null, side: 'peer', dying_us: 1e6 }),
      ],
      { ledger: withLedger({ orphans: 3, kernelOrphans: 3 }) },
    );
    expect(answer).toMatch(/^3 orphans on web-1 \(the kernel counts 3, <1% of its limit of 8,192\), /);
    expect(answer).toContain('the oldest since 2026-05-04 12:33:56 UTC (60.0 s)');
    expect(answer).toContain('Why: 2 (67%) ack, the peer has not acknowledged our data or FIN; 1 (33%) window');
    expect(answer).toContain(
      'Whose: 2 (67%) of nginx[4242]; 3 (100%) with peer network 192.0.2.0/24; 3 (100%) at local port 443.',
    );
    expect(answer).toContain('Kept by: 2 (67%) network; 1 (33%) peer.');
    expect(answer).toContain('To do (ack): ');
    expect(answer).toContain('`ip route get 192.0.2.7`');
    expect(answer).not.toContain('network namespace');
    expect(answer).not.toContain('Doubts');
  });

  test('without orphans tells of those that died', () => {
    const { answer } = reportOf([aPath({ ended_by: 'retries', dying_us: 107e6 }), aPath()], {
      ledger: withLedger({ orphans: 0, kernelOrphans: 0 }),
    });
    expect(answer).toContain('No orphans on web-1');
    expect(answer).toContain('2 sockets died while finwait watched, all of them as orphans, the slowest in 107.0 s');
    expect(answer).toContain('To do (retries)');
  });

  test('of nothing at all says so', () => {
    const { answer } = reportOf([], { ledger: null, counters: null });
    expect(answer).toBe('No orphans on web-1 at the end. No socket died while finwait watched.');
  });

  test('does not say that there are none, when there are some that it cannot describe', () => {
    const { answer } = reportOf([], { ledger: withLedger({ orphans: 6, kernelOrphans: 6, unlocated: 6 }) });
    expect(answer).toContain('No orphans described on web-1 (the kernel counts 6');
    expect(answer).toContain('6 orphans of the host in namespaces that could not be read');
  });

  test('owns up to losses, events out of order, drift, a cut recording and what was not observed', () => {
    const { answer, doubts } = reportOf([aDying({ certain: false, gaps: ['events_lost'] })], {
      counters: { lostEvents: 12, outOfOrder: 2, malformed: 1, unannounced: 0, tallied: 0 },
      ledger: withLedger({ drift: -5, inFlight: 1 }),
      isCut: true,
    });
    expect(doubts).toHaveLength(6);
    expect(answer).toContain('12 events lost');
    expect(answer).toContain('differ by 5 orphans');
    expect(answer).toContain('1 of 1 socket not wholly observed');
    for (const doubt of doubts) expect(answer).toContain(doubt);
  });

  test('says that it is about what passes the filters', () => {
    expect(reportOf([aDying()], { isFiltered: true }).answer).toMatch(/^1 orphan that passes the filters on web-1/);
    expect(reportOf([], { isFiltered: true }).answer).toContain('No orphans that pass the filters');
  });

  test('names closer, network and port each by its own share, and none that has less than a quarter', () => {
    const rows = Array.from({ length: 10 }, (_, index) =>
      aDying({ raddr: `10.0.${index}.1`, lport: index < 5 ? 443 : 8000 + index, rport: 50_000 + index }),
    );
    expect(reportOf(rows).answer).toContain(
      'Whose: 10 (100%) of nginx[4242]; no single peer network; 5 (50%) at local port 443.',
    );
  });

  test('names the largest closer that was observed, after how many were not', () => {
    const unobserved = aDying({ closer: null, how: 'unknown' });
    expect(reportOf([unobserved, unobserved, aDying()]).answer).toContain(
      'Whose: 2 (67%) of a closer not observed; 1 (33%) of nginx[4242];',
    );
    expect(reportOf([unobserved, aDying(), aDying()]).answer).toContain('Whose: 2 (67%) of nginx[4242]; 3 (100%) with');
  });

  test('puts a peer of the most frequent network into what to do, not the first that came', () => {
    const rows = ['198.51.100.1', '192.0.2.7', '192.0.2.8'].map((raddr) => aDying({ raddr }));
    expect(reportOf(rows).answer).toContain('`ip route get 192.0.2.7`');
  });

  test('writes an IPv6 peer as ss takes it from a shell', () => {
    const six = { family: 'ipv6', laddr: '2001:db8::1', raddr: '2001:db8::2' } as const;
    expect(reportOf([aPath({ ...six, dying_us: 5e6 })]).answer).toContain("`ss -tino dst '[2001:db8::2]'`");
  });

  test('says in which network namespace to do it, where that is not the one that finwait runs in', () => {
    const words = 'That is in network namespace 7: nsenter --net=/proc/PID/ns/net';
    expect(reportOf([aDying({ netns: 7 })]).answer).toContain(words);
    expect(reportOf([aDying({ netns: 7 })], { netns: null }).answer).toContain(words);
    expect(reportOf([aDying({ netns: 7 })], { netns: 7 }).answer).not.toContain(words);
  });

  test('does not pass off memory that is not known as none', () => {
    const unknown = aDying({ held_bytes: null });
    expect(reportOf([unknown]).answer).toContain('what they hold is not known');
    expect(reportOf([unknown, aDying({ held_bytes: 9 })]).answer).toContain(
      'holding 9 B at their close (of 1 not known)',
    );
  });

  test('tells what they hold now, where that is known', () => {
    const now = aDying({ held_bytes: 9, held_now_bytes: 4096 });
    expect(reportOf([now, now]).answer).toContain('holding 8.0 KiB now.');
    expect(reportOf([now, aDying({ held_bytes: 9 })]).answer).toContain('holding 4.0 KiB now (of 1 not known).');
    expect(reportOf([now]).orphans.totals).toMatchObject({ held_now_bytes: 4096, held_now_unknown: 0 });
  });

  test('does not know since when, where no close was observed', () => {
    const row = aDying({ closed_at: null, dying_us: null, certain: false, gaps: ['older_than_capture'] });
    const { answer } = reportOf([row]);
    expect(answer).toContain('since when is not known');
    expect(answer).toContain('1 orphan closed before finwait watched');
  });
});

describe('a group', () => {
  const row = aDying({ deadline_at: '2026-05-04T12:40:00.000000000Z', held_bytes: 1000 });
  const report = reportOf([
    row,
    aDying({
      deadline_at: '2026-05-04T12:36:00.000000000Z',
      held_bytes: null,
      closed_at: '2026-05-04T12:00:00.000000000Z',
    }),
    aDying({ closer: { pid: 5, comm: 'x', exiting: false, exit_signal: null, exit_status: null }, held_bytes: 24 }),
  ]);
  const [group] = report.orphans.groups;

  test('sums memory and says of how many it is not known', () => {
    expect(group).toMatchObject({ held_bytes: 1024, held_unknown: 1, count: 3, share: 100 });
  });

  test('has memory null where it is known of none, in the rest as well', () => {
    const unknown = aDying({ held_bytes: null });
    expect(reportOf([unknown, unknown]).orphans.totals).toMatchObject({ held_bytes: null, held_unknown: 2 });
    expect(reportOf([]).orphans.totals).toMatchObject({ held_bytes: 0, held_unknown: 0 });
    const others = (rows: readonly Row[]): unknown => {
      const groups = createGroups(2, 0);
      for (const [index, row] of rows.entries()) groups.add(row, String(index));
      return groups.section().groups[0]?.held_bytes;
    };
    expect(others([unknown, unknown, unknown])).toBeNull();
    expect(others([unknown, aDying({ held_bytes: 5 }), unknown])).toBe(5);
    expect(others([aDying({ held_bytes: 5 }), unknown, aDying({ held_bytes: 0 })])).toBe(5);
  });

  test('has the first close, the earliest and latest deadline, and how many have none', () => {
    expect(group).toMatchObject({
      since: '2026-05-04T12:00:00.000000000Z',
      deadline_earliest: '2026-05-04T12:36:00.000000000Z',
      deadline_latest: '2026-05-04T12:40:00.000000000Z',
      without_deadline: 1,
    });
  });

  test('names a process only if it was one', () => {
    expect(group?.pid).toBeNull();
    expect(reportOf([row, row]).orphans.groups[0]?.pid).toBe(4242);
  });
});

test('a lingering close is dying and no orphan', () => {
  const report = reportOf([aDying({ waiting_for: 'linger', orphan_us: null })]);
  expect(report.lingering).toBe(1);
  expect(report.orphans.totals.count).toBe(0);
  expect(report.sockets).toHaveLength(1);
});

test('that the capture ended makes no doubt of a socket that still is dying', () => {
  expect(reportOf([aDying({ certain: false, gaps: ['capture_ended'] })]).doubts).toEqual([]);
  expect(reportOf([aPath({ certain: false, gaps: ['cause_not_decided'], ended_by: 'unknown' })]).doubts).toHaveLength(
    1,
  );
});

test('the slowest come first, those still dying before those that died, and no more than asked for', () => {
  const rows = [5, 1, 9, 7].flatMap((n) => [aDying({ dying_us: n }), aPath({ dying_us: n * 1000 })]);
  expect(reportOf(rows, { limit: 6 }).sockets.map(({ dying_us }) => dying_us)).toEqual([9, 7, 5, 1, 9000, 7000]);
});

test('keys that have no room are counted as one group, in full', () => {
  const groups = createGroups(3, 2);
  for (let i = 0; i < 40; i++) groups.add(aDying({ held_bytes: 1 }), `k${i % 5}`);
  const section = groups.section();
  expect(section.groups.map(({ key, is_other, count, held_bytes }) => [key, is_other, count, held_bytes])).toEqual([
    ['k0', false, 8, 8],
    ['k1', false, 8, 8],
    ['other', true, 24, 24],
  ]);
  expect(section.groups.at(-1)?.causes).toEqual([{ key: 'ack', count: 24 }]);
});

describe('of any rows, by anything', () => {
  const anything = fc.tuple(
    fc.array(anyRow, { maxLength: 60 }),
    fc.constantFrom(...GROUPINGS),
    fc.integer({ min: 1, max: 5 }),
  );

  test('shares sum to 100 %, counts to the rows', () => {
    fc.assert(
      fc.property(anything, ([rows, by, limit]) => {
        const report = reportOf(rows, { by, limit });
        for (const { totals, groups } of [report.orphans, report.died]) {
          const share = groups.reduce((sum, group) => sum + group.share, 0);
          if (totals.count === 0) expect(groups).toEqual([]);
          else expect(share).toBeCloseTo(100, 6);
          expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(totals.count);
          for (const { causes, sides, waiting_for, count } of groups) {
            for (const counts of [causes, sides, waiting_for]) {
              expect(counts.reduce((sum, each) => sum + each.count, 0)).toBe(count);
            }
          }
        }
        expect(report.orphans.totals.count + report.died.totals.count + report.lingering).toBe(rows.length);
        expect(report.sockets.length).toBe(Math.min(limit, rows.length));
      }),
    );
  });

  test('the order of the rows changes no group', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 30 }), fc.constantFrom(...GROUPINGS), (rows, by) => {
        const one = reportOf(rows, { by });
        const other = reportOf(rows.toReversed(), { by });
        expect(other.orphans).toEqual(one.orphans);
        expect(other.died).toEqual(one.died);
      }),
    );
  });

  test('peers are single addresses while a table can show them, and networks where there are more', () => {
    const keysOf = (addresses: readonly string[]): readonly string[] => {
      const rows = addresses.map((raddr) => aDying({ raddr, family: raddr.includes(':') ? 'ipv6' : 'ipv4' }));
      return reportOf(rows, { by: 'peer' }).orphans.groups.map(({ key }) => key);
    };
    const ten = Array.from({ length: 10 }, (_, i) => `192.0.2.${10 + i}`);
    expect(keysOf(ten)).toEqual(ten);
    expect(keysOf([...ten, '192.0.2.20', '10.1.1.1', '2001:db8::7', '::ffff:10.1.1.1'])).toEqual([
      '192.0.2.0/24',
      '10.1.1.1',
      '2001:db8::7',
    ]);
  });

  test('the answer names a peer that is the only one of its network', () => {
    expect(reportOf([aDying(), aDying()]).answer).toContain('2 (100%) with peer 192.0.2.7;');
    const two = [aDying(), aDying({ raddr: '192.0.2.8' })];
    expect(reportOf(two).answer).toContain('2 (100%) with peer network 192.0.2.0/24;');
    const none = aDying({ raddr: '0.0.0.0', rport: 0 });
    expect(reportOf([none, none]).answer).toContain('2 (100%) without a peer;');
  });

  test('a report of many peers stays small', () => {
    function* many(): Iterable<Row> {
      for (let i = 0; i < 20_000; i++) yield aPath({ raddr: `10.${i >> 8}.${i & 255}.1`, dying_us: i });
    }
    const report = reportOf(many(), { by: 'peer' });
    expect(report.died.groups).toHaveLength(101);
    expect(report.died.groups.at(-1)).toMatchObject({ is_other: true, count: 19_900 });
    expect(JSON.stringify(report).length).toBeLessThan(100_000);
  });
});
