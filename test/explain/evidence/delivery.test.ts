import { describe, expect, test } from 'vitest';
import { createKernelClock } from '../../../src/explain/deadline/kernel-clock.ts';
import { describeSock } from '../../../src/explain/describe.ts';
import { deadlineOfDying, deadlineWord, dyingOf, nowOf } from '../../../src/explain/dying.ts';
import { createWallClock } from '../../../src/explain/wall-clock.ts';
import { detailLines } from '../../../src/screen/detail/detail-lines.ts';
import { rowOf } from '../../../src/screen/table/rows.ts';
import { openStream } from '../../../src/stream/open-stream.ts';
import { hostIdOf } from '../../../src/stream/stream.ts';
import { NO_PRESSURE } from '../../builders/deadline.ts';
import { pathOf } from '../../builders/explain.ts';
import { aHello, aMeta } from '../../builders/meta.ts';
import { only, track } from '../../builders/track.ts';
import {
  announceLine,
  destroyLine,
  helloLine,
  inventoriedLine,
  inventoryEndLine,
  lookLine,
  orphanReadLine,
  retransmitLine,
  sec,
  setStateLine,
  sweptLine,
  tickLine,
} from '../../builders/wire-lines.ts';

const SHUT = { pending: 3, packetsOut: 0, sndWnd: 0 };
const OPEN = { pending: 3, packetsOut: 0, sndWnd: 65_536 };
const IN_FLIGHT = { pending: 1, packetsOut: 1, sndWnd: 65_535 };
const WRITE_SEQ = 100_001;

const closed = (change: object = {}): string =>
  announceLine({
    at: 0,
    writeSeq: WRITE_SEQ,
    sndUna: 0,
    sndNxt: 0,
    ...SHUT,
    moves: [{ at: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }],
    ...change,
  });
const look = (at: number, sndUna: number, change: object = SHUT): string =>
  lookLine({ at: sec(at), state: 'FIN_WAIT1', writeSeq: WRITE_SEQ, sndUna, sndNxt: sndUna, ...change });
const retransmit = (at: number, sndUna: number): string =>
  retransmitLine({ at: sec(at), state: 'FIN_WAIT1', writeSeq: WRITE_SEQ, sndUna, sndNxt: sndUna + 6000, ...IN_FLIGHT });
/** A look each 2 s, with so many bytes more acknowledged each time. */
const steady = (until: number, bytes: number, change: object = SHUT): readonly string[] =>
  Array.from({ length: Math.floor(until / 2) }, (_, i) => look(2 * (i + 1), i * bytes, change));

/** The `dying` row of these lines, as of `at` seconds. */
const dyingAt = (lines: readonly string[], at: number, pressure = NO_PRESSURE) => {
  const { tracker } = track().feed(...lines, tickLine(sec(at)));
  const sock = only(tracker.live());
  const hello = aHello();
  const host = {
    hello,
    clock: createKernelClock({ hz: 250, jiffies: null }, hello),
    now: tracker.now(),
    pressure,
  };
  const wallClock = createWallClock(hello).textOf;
  const deadline = deadlineOfDying(sock, host, tracker.evidenceAt);
  const context = { hello, wallClock, reasons: new Map(), ownNetns: null };
  const path = describeSock(sock, host.now, context, deadlineWord(deadline), tracker.evidenceAt(sock));
  return {
    row: dyingOf(path, deadline, nowOf(sock, tracker.evidenceAt(sock), host.now), wallClock),
    cell: rowOf(sock, { host: hostIdOf({ host: 'h' }), now: host.now, netns: null, evidenceAt: tracker.evidenceAt })
      .waitingFor,
    secondsLeft: (at: string): number => (Date.parse(at) - Date.parse(wallClock(host.now))) / 1000,
  };
};

describe('an orphan whose snd_una moves from look to look', () => {
  test('delivers: its rate, over which time, and when it is done at that rate', () => {
    const { row, cell, secondsLeft } = dyingAt([closed(), ...steady(8, 2000)], 8);
    expect(row).toMatchObject({
      waiting_for: 'delivering',
      side: 'peer',
      delivered_bytes_per_second: 1000,
      delivered_over_us: 6e6,
      deadline: 'never',
      deadline_at: null,
    });
    expect(cell).toBe('delivering');
    // 100,000 B of data less the 6,000 B that are acknowledged.
    expect(secondsLeft(row.delivered_expected_at ?? '')).toBeCloseTo(94, 1);
    expect(row.because[0]).toContain('acknowledged 6000 B in 6.0 s (snd_una), 1000 B/s; 94000 B are left');
    expect(row.deadline_because.join(' ')).toContain('an estimate: at the 1000 B/s of 6.0 s');
    expect(row.advice[0]).toMatch(/Leave it alone.*reads slowly/);
    expect(row.advice.findIndex((text) => text.includes('ss -tK'))).toBe(row.advice.length - 1);
    expect(row.advice.join(' ')).not.toMatch(/what drops packets/);
    const shown = detailLines(row, 200).map((line) => line.map(({ text }) => text).join(''));
    expect(shown.find((text) => text.startsWith('delivers'))).toMatch(
      /1000 B\/s, measured over 6.0 s; at that rate done about .* \(an estimate\)/,
    );
    expect(shown.join('\n')).toContain('never gives up on it while it delivers');
  });

  test('tells a time that is a whole number of nanoseconds, whatever the rate', () => {
    const { row } = dyingAt([closed(), ...steady(10, 7)], 10);
    expect(row.delivered_expected_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    const { row: third } = dyingAt([closed({ writeSeq: 100_004 }), ...steady(10, 1_001)], 10);
    expect(third.delivered_expected_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  });

  test('is told with the rate of the last 10 to 20 s, not of its whole life', () => {
    const fast = steady(20, 2000);
    const slow = Array.from({ length: 12 }, (_, i) => look(22 + 2 * i, 18_000 + (i + 1) * 200));
    const { row } = dyingAt([closed(), ...fast, ...slow], 44);
    expect(row.delivered_bytes_per_second).toBe(100);
    expect(row.delivered_over_us).toBeGreaterThanOrEqual(10e6);
    expect(row.delivered_over_us).toBeLessThanOrEqual(20e6);
  });

  test.each([
    ['one movement', 4, [look(2, 0), look(4, 2000)]],
    ['one movement after a long standstill', 12, [look(2, 0), look(6, 0), look(10, 0), look(12, 2000)]],
    ['two movements, 2 s apart', 6, [look(2, 0), look(4, 2000), look(6, 4000)]],
    ['many movements within 2 s', 4, [look(2, 0), ...[1, 2, 3, 4, 5].map((i) => retransmit(2 + i / 4, 100 * i))]],
    ['two with a standstill of 5 s between', 11, [look(2, 0), look(4, 2000), look(9, 2000), look(11, 4000)]],
  ])('does not deliver yet after %s', (_, at, lines) => {
    const { row, cell } = dyingAt([closed(), ...lines], at);
    expect(row).toMatchObject({ delivered_bytes_per_second: null, delivered_expected_at: null });
    expect(row.waiting_for).not.toBe('delivering');
    expect(row.deadline).not.toBe('never');
    expect(cell).not.toBe('delivering');
  });

  test('is told from the second movement on that is 3 s after the first', () => {
    const lines = [closed(), look(2, 0), look(4, 2000), look(6.9, 4000)];
    expect(dyingAt(lines, 6.9).cell).toBe('window');
    expect(dyingAt([...lines, look(7, 4001)], 7).cell).toBe('delivering');
  });

  test('waits for its window with the first look that shows no movement and a shut window', () => {
    const lines = [closed(), ...steady(10, 2000)];
    expect(dyingAt(lines, 12).row.waiting_for).toBe('delivering');
    const stopped = [...lines, look(12, 8000)];
    expect(dyingAt(stopped, 12).row).toMatchObject({
      waiting_for: 'window',
      deadline: 'at',
      delivered_bytes_per_second: null,
      delivered_expected_at: null,
    });
    expect(dyingAt(stopped, 12).cell).toBe('window');
  });

  test('a pass that found it unchanged is such a look', () => {
    const lines = [closed(), ...steady(10, 2000), sweptLine(sec(12.1), sec(12))];
    expect(dyingAt(lines, 12.2).row).toMatchObject({ waiting_for: 'window', deadline: 'at' });
    expect(dyingAt(lines, 12.2).cell).toBe('window');
    // It moves on, and the standstill was short.
    expect(dyingAt([...lines, look(14, 12_000)], 14).row).toMatchObject({
      waiting_for: 'delivering',
      delivered_bytes_per_second: 1000,
    });
  });

  test('no longer delivers after 5 s without movement, though its window is open', () => {
    const lines = [closed(), ...steady(10, 2000, IN_FLIGHT)];
    expect(dyingAt([...lines, look(14, 8000, IN_FLIGHT)], 14).cell).toBe('delivering');
    expect(dyingAt([...lines, look(15, 8000, IN_FLIGHT)], 15).row).toMatchObject({
      waiting_for: 'ack',
      delivered_bytes_per_second: null,
    });
    expect(dyingAt([...lines, look(15, 8000, IN_FLIGHT)], 15).row.deadline).not.toBe('never');
  });

  test('is not given up where looks come seldom, as among a hundred thousand others', () => {
    const lines = [closed(), look(50, 0), look(100, 2000), look(150, 4000)];
    expect(dyingAt(lines, 249).cell).toBe('delivering');
    expect(dyingAt(lines, 251).cell).toBe('window');
  });

  test('is not delivering for what was in flight at its close', () => {
    const open = closed({ pending: 1, packetsOut: 10, sndNxt: 50_000 });
    expect(dyingAt([open, look(2, 50_000), look(6, 50_000)], 6).row.waiting_for).toBe('window');
  });

  test('a retransmission counts as a look', () => {
    const lines = [closed(), look(2, 0), retransmit(4, 3000), retransmit(7.5, 5000)];
    expect(dyingAt(lines, 7.5).row).toMatchObject({ waiting_for: 'delivering', side: 'unknown' });
  });

  test.each([
    ['a shut window', SHUT, 'peer'],
    ['nothing in flight, an open window and the probe timer, as under pacing', OPEN, 'local'],
    ['data in flight and an open window', IN_FLIGHT, 'unknown'],
  ] as const)('with %s: side %s', (_, change, side) => {
    expect(dyingAt([closed(), ...steady(8, 2000, change)], 8).row).toMatchObject({ waiting_for: 'delivering', side });
  });

  test.each([
    ['TCP_USER_TIMEOUT', { userTimeoutMs: 2000 }, /TCP_USER_TIMEOUT of 2 s may end it/],
    ['tcp_orphan_retries 1', { orphanRetries: 1 }, /tcp_orphan_retries.* is 1 and may end it/],
  ])('under %s keeps its ordinary deadline, and is told that a pause may end it', (name, change, advice) => {
    const timer = { rtoTimer: 300, rto: 50 };
    const lines = (bytes: number) => [closed({ ...change, ...timer }), ...steady(8, bytes, { ...SHUT, ...timer })];
    const { row } = dyingAt(lines(2000), 8);
    expect(row).toMatchObject({ waiting_for: 'delivering', delivered_bytes_per_second: 1000 });
    const { row: still } = dyingAt(lines(0), 8);
    for (const field of ['deadline', 'deadline_at', 'deadline_expected_at'] as const) {
      expect(row[field]).toBe(still[field]);
    }
    expect(row.deadline).not.toBe('never');
    expect(row.deadline_because.join(' ')).toContain(`but ${name} may end it in a pause`);
    expect(row.advice.join(' ')).toMatch(advice);
    expect(row.advice[0]).toMatch(/Leave it alone/);
  });

  test('has the deadline of a limit of the host that is passed', () => {
    const pressure = { ...NO_PRESSURE, orphans: 200, maxOrphans: 100 };
    const timer = { rtoTimer: 3000, rto: 50 };
    const lines = [closed(timer), ...steady(8, 2000, { ...SHUT, ...timer })];
    expect(dyingAt(lines, 8, pressure).row).toMatchObject({ waiting_for: 'delivering', deadline: 'at' });
    expect(dyingAt(lines, 8).row.deadline).toBe('never');
  });

  test('whose whole data is acknowledged waits for the acknowledgement of its FIN', () => {
    expect(dyingAt([closed(), ...steady(8, 2000), look(10, 100_000, IN_FLIGHT)], 10).row.waiting_for).toBe('ack');
  });

  test('is the same once it is packed', () => {
    const lines = [closed(), ...steady(30, 2000)];
    const ticks = lines.flatMap((line, i) => [line, tickLine(sec(2 * i))]);
    expect(dyingAt(ticks, 30).row).toEqual(dyingAt(lines, 30).row);
  });
});

describe('an orphan of the baseline that was only read', () => {
  /** Readings of a FIN_WAIT1 orphan, by their time in seconds: so many bytes are left, and its window is shut. */
  const readings = (...left: readonly (readonly [at: number, bytes: number])[]) => {
    const fold = openStream(aMeta(), { onEnd: () => {}, onLedger: () => {}, onNotice: () => {} });
    const lines = [
      helloLine(),
      inventoriedLine(sec(1), { timer: '4 200 0' }),
      inventoryEndLine(sec(1)),
      ...left.map(([at, bytes]) =>
        orphanReadLine(sec(at), {
          ...{ txQueue: bytes + 1, notSent: bytes + 1, packetsOut: 0, retransmits: 0, backoff: 0, sndWnd: 0 },
          ...{ rtoMs: 200, timer: [4, 200, 0], sysctls: [0, 15, 120_000] },
        }),
      ),
    ];
    for (const line of lines) fold.push(line);
    fold.end();
    return only(fold.describeDying());
  };

  test('delivers once two readings have shown movement: its rate, and the deadline that a reading gives', () => {
    const row = readings([2, 90_000], [12, 80_000], [22, 70_000]);
    expect(row).toMatchObject({
      waiting_for: 'delivering',
      side: 'peer',
      certain: false,
      delivered_bytes_per_second: 1000,
      delivered_over_us: 20e6,
    });
    expect(row.deadline).not.toBe('never');
    expect(row.deadline_because.join(' ')).toMatch(/it still delivers.*an estimate: at the 1000 B\/s/);
    expect(row.because[0]).toContain('70000 B are left');
    expect(row.advice[0]).toMatch(/Leave it alone/);
  });

  test.each([
    ['one reading', [[2, 90_000]]],
    [
      'two readings, of which one shows movement',
      [
        [2, 90_000],
        [12, 80_000],
      ],
    ],
    [
      'movement that has stopped under a shut window',
      [
        [2, 90_000],
        [12, 80_000],
        [22, 70_000],
        [32, 70_000],
      ],
    ],
  ] as const)('does not deliver after %s', (_, left) => {
    expect(readings(...left)).toMatchObject({ waiting_for: 'window', delivered_bytes_per_second: null });
  });
});

describe('an ended sock', () => {
  const end = (at: number): readonly string[] => [
    setStateLine({
      at: sec(at),
      from: 'FIN_WAIT1',
      to: 'FIN_WAIT2',
      writeSeq: WRITE_SEQ,
      sndUna: WRITE_SEQ,
      sndNxt: WRITE_SEQ,
    }),
    setStateLine({
      at: sec(at),
      from: 'FIN_WAIT2',
      to: 'CLOSE',
      writeSeq: WRITE_SEQ,
      sndUna: WRITE_SEQ,
      sndNxt: WRITE_SEQ,
    }),
    destroyLine({ at: sec(at) }),
  ];

  test('that delivered until its end waited for that', () => {
    expect(pathOf([closed(), ...steady(20, 2000), ...end(21)]).waiting_for).toBe('delivering');
  });

  test('that stood still for most of its time did not', () => {
    expect(pathOf([closed(), look(2, 0), look(30, 0), look(60, 0), look(62, 100), ...end(63)]).waiting_for).toBe(
      'window',
    );
    expect(pathOf([closed(), ...steady(8, 100), look(30, 300), ...end(60)]).waiting_for).toBe('window');
  });

  test('whose window opened after a second, and that was then read in two looks, did not', () => {
    expect(pathOf([closed(), look(2, 0), look(4, 40_000), look(6, 80_000), ...end(7)]).waiting_for).toBe('window');
  });

  test('that delivered for most of its time did, though it stood still at its end', () => {
    expect(pathOf([closed(), ...steady(40, 2000), look(50, 38_000), ...end(60)]).waiting_for).toBe('delivering');
  });
});
