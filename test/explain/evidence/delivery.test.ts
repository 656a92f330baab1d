import { describe, expect, test } from 'vitest';
import { createKernelClock } from '../../../src/explain/deadline/kernel-clock.ts';
import { describeSock } from '../../../src/explain/describe.ts';
import { deadlineOfDying, deadlineWord, dyingOf, nowOf } from '../../../src/explain/dying.ts';
import { createWallClock } from '../../../src/explain/wall-clock.ts';
import { rowOf } from '../../../src/screen/table/rows.ts';
import { hostIdOf } from '../../../src/stream/stream.ts';
import { NO_PRESSURE } from '../../builders/deadline.ts';
import { pathOf } from '../../builders/explain.ts';
import { aHello } from '../../builders/meta.ts';
import { only, track } from '../../builders/track.ts';
import {
  announceLine,
  destroyLine,
  lookLine,
  retransmitLine,
  sec,
  setStateLine,
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
/** A look each 2 s, with so many bytes more acknowledged each time. */
const steady = (until: number, bytes: number, change: object = SHUT): readonly string[] =>
  Array.from({ length: Math.floor(until / 2) }, (_, i) => look(2 * (i + 1), i * bytes, change));

/** The `dying` row of these lines, as of `at` seconds. */
const dyingAt = (lines: readonly string[], at: number) => {
  const { tracker } = track().feed(...lines, tickLine(sec(at)));
  const sock = only(tracker.live());
  const hello = aHello();
  const host = {
    hello,
    clock: createKernelClock({ hz: 250, jiffies: null }, hello),
    now: tracker.now(),
    pressure: NO_PRESSURE,
  };
  const wallClock = createWallClock(hello);
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
    expect(row.deadline_because.join(' ')).toContain('1000 B/s of 6.0 s');
    expect(row.advice[0]).toMatch(/reads slowly/);
    expect(row.advice.findIndex((text) => text.includes('ss -tK'))).toBe(row.advice.length - 1);
    expect(row.advice.join(' ')).not.toMatch(/what drops packets/);
  });

  test('is told with the rate of the last 10 to 20 s, not of its whole life', () => {
    const fast = steady(20, 2000);
    const slow = Array.from({ length: 12 }, (_, i) => look(22 + 2 * i, 18_000 + (i + 1) * 200));
    const { row } = dyingAt([closed(), ...fast, ...slow], 44);
    expect(row.delivered_bytes_per_second).toBe(100);
    expect(row.delivered_over_us).toBeGreaterThanOrEqual(10e6);
    expect(row.delivered_over_us).toBeLessThanOrEqual(20e6);
  });

  test('no longer delivers once it has stood still for 5 s, or twice its longest pause if that is more', () => {
    const short = [closed(), look(2, 0), look(4, 2000), look(9, 2000)];
    expect(dyingAt(short, 9).row.waiting_for).toBe('delivering');
    expect(dyingAt([...short, look(10, 2000)], 10).row).toMatchObject({
      waiting_for: 'window',
      delivered_expected_at: null,
    });
    const pausing = [closed(), look(2, 0), look(4, 2000), look(8, 4000)];
    expect(dyingAt([...pausing, look(16, 4000)], 16).cell).toBe('delivering');
    expect(dyingAt([...pausing, look(17, 4000)], 17).cell).toBe('window');
    expect(dyingAt([...pausing, look(17, 4000)], 17).row.deadline).not.toBe('never');
  });

  test('is not delivering for what was in flight at its close', () => {
    const { row } = dyingAt([closed({ pending: 1, packetsOut: 10, sndNxt: 50_000 }), look(2, 50_000)], 2);
    expect(row.waiting_for).toBe('window');
  });

  test('a retransmission counts as a look', () => {
    const lost = retransmitLine({
      at: sec(4),
      state: 'FIN_WAIT1',
      writeSeq: WRITE_SEQ,
      sndUna: 3000,
      sndNxt: 9000,
      ...IN_FLIGHT,
    });
    expect(dyingAt([closed(), look(2, 0), lost], 4).row).toMatchObject({ waiting_for: 'delivering', side: 'unknown' });
  });

  test.each([
    ['a shut window', SHUT, 'peer'],
    ['nothing in flight, an open window and the probe timer, as under pacing', OPEN, 'local'],
    ['data in flight and an open window', IN_FLIGHT, 'unknown'],
  ] as const)('with %s: side %s', (_, change, side) => {
    expect(dyingAt([closed(), ...steady(6, 2000, change)], 6).row).toMatchObject({ waiting_for: 'delivering', side });
  });

  test.each([
    ['TCP_USER_TIMEOUT', { userTimeoutMs: 2000 }],
    ['a tcp_orphan_retries of 1', { orphanRetries: 1 }],
  ])('under %s may end in a pause, and is not told that nothing ends it', (_, change) => {
    const { row } = dyingAt([closed(change), ...steady(6, 2000)], 6);
    expect(row.waiting_for).toBe('delivering');
    expect(row.deadline).not.toBe('never');
  });

  test('whose whole data is acknowledged waits for the acknowledgement of its FIN', () => {
    expect(dyingAt([closed(), look(2, 0), look(4, 100_000, IN_FLIGHT)], 4).row.waiting_for).toBe('ack');
  });

  test('is the same once it is packed', () => {
    const lines = [closed(), ...steady(30, 2000)];
    const ticks = lines.flatMap((line, i) => [line, tickLine(sec(2 * i))]);
    expect(dyingAt(ticks, 30).row).toEqual(dyingAt(lines, 30).row);
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
});
