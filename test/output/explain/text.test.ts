import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CAUSES } from '../../../src/explain/causes/order.ts';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import { createReport } from '../../../src/explain/report/create-report.ts';
import { hostStateOf, UNKNOWN_HOST } from '../../../src/explain/report/host-state.ts';
import type { ReportEnd } from '../../../src/explain/report/report.ts';
import { GROUPINGS, type Row } from '../../../src/explain/report/report.ts';
import { traceNs } from '../../../src/kernel/units.ts';
import { axis } from '../../../src/output/explain/axis.ts';
import { causeLines, indexLines } from '../../../src/output/explain/cause-lines.ts';
import { explanationRecord } from '../../../src/output/explain/explanation-record.ts';
import { reportLines, socketReportLines } from '../../../src/output/explain/report-lines.ts';
import { socketFullLines } from '../../../src/output/explain/socket-lines.ts';
import { widthOf } from '../../../src/text/width.ts';
import type { HostFacts } from '../../../src/wire/host-facts.ts';
import { aHostFacts } from '../../builders/host-facts.ts';
import { aDying, anEnd, anyRow, aPath, hostileText } from '../../builders/rows.ts';

const NO_LOG = { orphans: 0, memory: 0, byProcess: 0, lines: [] };
const HARMFUL = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

const reportOf = (rows: readonly Row[], end: Partial<ReportEnd> = {}, by: (typeof GROUPINGS)[number] = 'cause') => {
  const fold = createReport({ by, limit: 10 });
  for (const row of rows) fold.add(row);
  return fold.end(anEnd(end));
};

const text = (rows: readonly Row[], end: Partial<ReportEnd> = {}): string =>
  reportLines(reportOf(rows, end), 80).join('\n');
const flat = (lines: string): string => lines.replace(/\s+/g, ' ');

test('deaths that were only counted are told apart from those that were described', () => {
  const report = reportOf([aPath()]);
  expect(
    flat(
      reportLines(report, 80, [
        { how: 'close', closed_in: 'CLOSE_WAIT', ended_by: 'acked', side: 'none', count: 12_345, dwell: [] },
      ]).join('\n'),
    ),
  ).toContain('12,345 sockets more died too fast to be announced: counted in the kernel');
  expect(reportLines(report, 80).join('\n')).not.toContain('too fast');
});

describe('the axis of a close path', () => {
  test('has states with the times they began, and what it still does', () => {
    expect(axis(aDying(), 72)).toEqual([
      '              12 us               40.5 ms                 12.3 s',
      'ESTABLISHED   |-----FIN_WAIT1-----|-------FIN_WAIT2-------> still dying',
    ]);
  });

  test('ends in CLOSE when it was observed, and says when it was not', () => {
    const path = [
      { at_us: -3e6, from: 'ESTABLISHED', to: 'FIN_WAIT1', by: 'process' },
      { at_us: 5, from: 'FIN_WAIT1', to: 'CLOSE', by: 'softirq' },
    ] as const;
    const [ticks, bar] = axis(aPath({ path }), 72);
    expect(ticks?.trim()).toMatch(/^-3\.0 s +5 us$/);
    expect(bar).toMatch(/-\| CLOSE$/);
    expect(axis(aPath({ path: path.slice(0, 1) }), 80)[1]).toMatch(/\? its end was not observed$/);
    expect(axis(aPath({ path: [] }), 72)).toEqual(['no transition of it was observed']);
  });

  test('goes on below where the width does not do, and never beyond it', () => {
    const states = ['FIN_WAIT1', 'FIN_WAIT2', 'CLOSING', 'LAST_ACK'] as const;
    const path = Array.from({ length: 12 }, (_, index) => ({
      at_us: 10 ** index,
      from: states[index % 4] ?? states[0],
      to: states[(index + 1) % 4] ?? states[0],
      by: 'softirq' as const,
    }));
    const lines = axis(aDying({ path }), 76);
    expect(lines.length).toBeGreaterThan(2);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(76);
  });
});

describe('the text', () => {
  test('begins with the answer', () => {
    const report = reportOf([aDying()]);
    expect(flat(reportLines(report, 80).join('\n')).startsWith(report.answer)).toBe(true);
  });

  test('marks what is uncertain in the answer, the group and the socket', () => {
    const lines = text([aPath({ certain: false, gaps: ['events_lost'] })]);
    expect(flat(lines)).toContain('1 of 1 socket not wholly observed');
    expect(lines).toMatch(/^ +1 +100% acked \(process 4242\) ~$/m);
    expect(flat(lines)).toContain('died in 12.3 s: acked ~ events_lost');
  });

  test('says how far the limits are, and from where kills can start', () => {
    const lines = flat(
      text([aDying()], { host: { ...UNKNOWN_HOST, tcpMem: [10, 20, 30], memPages: 7, pageSize: 4096 } }),
    );
    expect(lines).toContain('1 of 8,192 orphans (<1%)');
    expect(lines).toContain('kills can start at 2,048 to 4,096 orphans (25 to 50%)');
    expect(lines).toContain('all TCP uses 7 pages (28.0 KiB)');
    expect(lines).toContain('low 10 pages (40.0 KiB), pressure 20 pages (80.0 KiB), high 30 pages (120.0 KiB)');
  });

  test('tells CLOSE_WAIT, ownerless ESTABLISHED and the log apart from orphans', () => {
    const host = {
      ...UNKNOWN_HOST,
      closeWait: {
        count: 4,
        notAccepted: 1,
        unnamed: 0,
        holders: [
          { pid: 9, comm: 'java', count: 3, examples: ['10.0.0.1:1 -> 10.0.0.2:2'], atLeastMs: 90_000, atMostMs: null },
        ],
      },
      establishedWithoutOwner: [{ count: 2, what: 'not accepted yet' }],
      kernelLog: [{ at: '2026-05-04T12:34:10Z', kind: 'orphans' as const, text: 'TCP: too many orphaned sockets' }],
    };
    const lines = flat(text([], { host }));
    expect(lines).toContain(
      '4 sockets, no orphans: 3 that a process has open and does not close, 1 not accepted yet. java[9] holds 3, the longest for at least 90.0 s',
    );
    expect(lines).toContain('without an owner, no orphans: 2 not accepted yet');
    expect(lines).toContain('2026-05-04 12:34:10 UTC TCP: too many orphaned sockets');
  });

  test('says of one socket in CLOSE_WAIT what it says of many, and one age where the bounds are equal', () => {
    const holder = { pid: 9, comm: 'java', count: 1, examples: [], atLeastMs: 59_800, atMostMs: 59_810 };
    const lines = flat(
      text([], { host: { ...UNKNOWN_HOST, closeWait: { count: 1, notAccepted: 0, unnamed: 0, holders: [holder] } } }),
    );
    expect(lines).toContain(
      '1 socket, no orphan: 1 that a process has open and does not close. java[9] holds 1, the longest for 59.8 s.',
    );
  });

  test('blames no process for a socket in CLOSE_WAIT that nobody has accepted', () => {
    const closeWait = { count: 2, notAccepted: 2, unnamed: 0, holders: [] };
    const lines = flat(text([], { host: { ...UNKNOWN_HOST, closeWait } }));
    expect(lines).toContain('2 sockets, no orphans: 2 not accepted yet. ESTABLISHED');
  });

  test('does not pass off what could not be looked at as none', () => {
    const seen = (facts: Partial<HostFacts>): string => {
      const host = hostStateOf({ kind: 'host_facts', at: traceNs(0), facts: aHostFacts(facts) }, NO_LOG, () => '');
      return flat(text([], { host }));
    };
    const closeWait = { count: 0, not_accepted: 0, unread_bytes: 0, by_holder: [], listed: [] };
    const ownerless = { count: 0, not_accepted: 0, no_socket: 0, no_fd: 0, listed: [] };
    const unknown = { ...ownerless, count: null, no_fd: null };
    const notes = ['not all processes were asked for their sockets: the scan ended after 500000 open files'];
    expect(seen({ close_wait: closeWait, ownerless })).toContain(
      'CLOSE_WAIT no socket. ESTABLISHED none without an owner.',
    );
    expect(seen({ close_wait: closeWait, ownerless, unreadable: 1 })).toContain(
      'CLOSE_WAIT no socket in the namespaces that could be read. ESTABLISHED none without an owner in the namespaces that could be read.',
    );
    const hidden = seen({ ownerless: unknown, sees_all_processes: false, notes });
    expect(hidden).toContain('ESTABLISHED not known whether a process has each of them open.');
    expect(hidden).toContain(`Not known ${notes[0]}.`);
    expect(hidden).not.toContain('none without');
    expect(seen({ ownerless: { ...unknown, not_accepted: 2 }, notes })).toContain(
      '2 not accepted yet, in a listener’s accept queue; not known whether a process has each of the others open.',
    );
    const group = { netns: 1, holder: null, count: 3, unread_bytes: 0, all_read: 0, min_ms: null, max_ms: null };
    expect(seen({ close_wait: { ...closeWait, count: 3, not_accepted: 1, by_holder: [group] }, notes })).toContain(
      '3 sockets, no orphans: 2 that a process has open and does not close, 1 not accepted yet. Which process has 2 open is not known.',
    );
  });

  test('says that the kernel never gives up on those that deliver only while they do', () => {
    const never = { deadline: 'never', deadline_at: null } as const;
    expect(flat(text([aDying({ ...never, waiting_for: 'delivering' })]))).toContain(
      'on 1 it never gives up (on those that deliver: while they do)',
    );
    expect(flat(text([aDying({ ...never, waiting_for: 'window' })]))).not.toContain('while they do');
  });

  test('tells the rate of one that delivers, and its end as an estimate', () => {
    const row = aDying({
      ...{ waiting_for: 'delivering', deadline: 'never', deadline_at: null, next_timer_at: null },
      ...{ delivered_bytes_per_second: 2048, delivered_over_us: 8e6 },
      delivered_expected_at: '2026-05-04T12:40:00.000000000Z',
    });
    for (const lines of [text([row]), socketReportLines(reportOf([row]), 80).join('\n')]) {
      expect(flat(lines)).toContain('never while it delivers');
      expect(flat(lines)).toContain(
        '2.0 KiB/s, measured over 8.0 s; at that rate done about 2026-05-04 12:40:00 UTC (an estimate)',
      );
    }
  });

  test('does not pass off memory that is not known as none', () => {
    const lines = flat(text([aDying({ held_bytes: null })]));
    expect(lines).toContain('what was held at the close is not known');
    expect(lines).toContain('the orphans held an amount not known at their close');
    expect(flat(text([aDying({ held_bytes: 9 }), aDying({ held_bytes: null })]))).toContain(
      '9 B held at the close (of 1 not known)',
    );
  });

  test('tells what each holds now, also where its memory at the close is not known', () => {
    const silent = aDying({ held_bytes: null, held_now_bytes: 2 * 2 ** 20 });
    const lines = flat(text([silent]));
    expect(lines).toContain('the orphans held an amount not known at their close and hold 2.0 MiB now');
    expect(lines).toContain('2.0 MiB held now');
    expect(lines).toContain('; holds 2.0 MiB now; ');
    expect(flat(text([aDying({ held_bytes: 4096, held_now_bytes: 8192 })]))).toContain(
      '; held 4.0 KiB at its close; holds 8.0 KiB now; ',
    );
    expect(flat(text([aDying({ held_bytes: 4096 })]))).not.toContain(' now; ');
    const full = flat(socketFullLines(silent, 100).join('\n'));
    expect(full).toMatch(/now +holds 2\.0 MiB of kernel memory, read at 2\d{3}-/);
    expect(flat(socketFullLines(aDying(), 100).join('\n'))).not.toContain('holds ');
  });

  test('keeps the mark of doubt on the line of its word, at any width', () => {
    for (let columns = 80; columns < 160; columns++) {
      const lines = reportLines(reportOf([aPath({ certain: false, gaps: ['events_lost'] })]), columns);
      expect(lines.filter((line) => /^ *(?:~|\(~\)[.;]?)$|(?:^| )~$/.test(line) && !line.includes('acked'))).toEqual(
        [],
      );
    }
  });

  test('does not pass off what is not known as nothing', () => {
    expect(text([]).match(/not known: not recorded/g)?.length).toBeGreaterThanOrEqual(4);
  });

  test('of one socket has because, deadline, advice and doubts', () => {
    const row = aDying({
      deadline_at: '2026-05-04T12:36:00.000000000Z',
      deadline_expected_at: '2026-05-04T12:36:10.000000000Z',
      deadline_because: ['tcp_orphan_retries 0 means 8'],
      advice: ['look at the path'],
      certain: false,
      gaps: ['event_late'],
    });
    const lines = flat(socketReportLines(reportOf([row]), 80).join('\n'));
    expect(lines).toContain('deadline not before 2026-05-04 12:36:00 UTC, about 12:36:10 UTC');
    expect(lines).toContain('Because - the FIN was sent 3 times and never acknowledged');
    expect(lines).toContain('Until when - tcp_orphan_retries 0 means 8');
    expect(lines).toContain('What to do - look at the path');
    expect(lines).toContain('certain no: event_late');
    expect(lines).toContain('docs/causes/ack.md');
  });
});

describe('what a socket had at its close', () => {
  const none = { held_bytes: null, unread_bytes: null, unacked_bytes: null, unsent_bytes: null, lost_bytes: null };
  const atClose = (bytes: Partial<ClosePath>): string =>
    /at close +(.*?) since /.exec(
      flat(socketReportLines(reportOf([aPath({ ...none, ...bytes })]), 80).join('\n')),
    )?.[1] ?? '';

  test('is told apart from nothing, and from what is not known', () => {
    expect(atClose({})).toBe('not known');
    expect(atClose({ held_bytes: 0, unread_bytes: 0, unacked_bytes: 0, unsent_bytes: 0 })).toBe(
      'nothing unread, nothing unacknowledged, no kernel memory',
    );
    expect(atClose({ unread_bytes: 77, lost_bytes: 0 })).toBe(
      '77 B unread, nothing lost, unacknowledged and kernel memory not known',
    );
  });

  test.each([
    [0, 'all of it sent'],
    [500, 'none of it sent'],
    [100, '100 B of it not sent'],
  ] as const)('of 500 B unacknowledged, %i B unsent', (unsent_bytes, words) => {
    expect(atClose({ unacked_bytes: 500, unsent_bytes })).toContain(`500 B unacknowledged (${words})`);
  });
});

test('the index has a line for each cause, of at most 80 columns', () => {
  const lines = indexLines(CAUSES, 80);
  expect(lines.map((line) => line.split(' ')[0])).toEqual(CAUSES.map(({ name }) => name));
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
});

test('the list of causes fits 80 columns', () => {
  for (const note of CAUSES) for (const line of causeLines(note, 80)) expect(widthOf(line)).toBeLessThanOrEqual(80);
});

describe('whatever processes and files call themselves', () => {
  const input = fc.record({
    rows: fc.array(anyRow, { maxLength: 25 }),
    by: fc.constantFrom(...GROUPINGS),
    hostName: hostileText,
    word: hostileText,
    columns: fc.integer({ min: 0, max: 200 }),
  });

  test('no line holds more than text, none is too wide, and there are not too many', () => {
    fc.assert(
      fc.property(input, ({ rows, by, hostName, word, columns }) => {
        const host = {
          ...UNKNOWN_HOST,
          closeWait: {
            count: 1,
            notAccepted: 1,
            unnamed: 0,
            holders: [{ pid: 1, comm: word, count: 1, examples: [word], atLeastMs: null, atMostMs: null }],
          },
          establishedWithoutOwner: [{ count: 1, what: word }],
          kernelLog: [{ at: null, kind: 'memory' as const, text: word }],
          notes: [word],
        };
        const report = reportOf(rows, { hostName, host }, by);
        for (const lines of [reportLines(report, columns), socketReportLines(report, columns)]) {
          for (const line of lines) {
            expect(line).not.toMatch(HARMFUL);
            expect(widthOf(line)).toBeLessThanOrEqual(Math.max(80, columns));
          }
          expect(lines.length).toBeLessThan(1500);
        }
        const record = JSON.parse(JSON.stringify(explanationRecord(report)));
        expect(record.answer).not.toMatch(HARMFUL);
        expect(record.type).toBe('explanation');
      }),
    );
  });
});
