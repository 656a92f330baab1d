import { describe, expect, test } from 'vitest';
import type { Dying } from '../../src/explain/close-path.ts';
import { openStream } from '../../src/stream/open-stream.ts';
import { aMeta } from '../builders/meta.ts';
import {
  announceLine,
  helloLine,
  inventoriedLine,
  inventoryEndLine,
  orphanReadLine,
  type ReadFields,
  sec,
  tickLine,
} from '../builders/wire-lines.ts';

/** The rows at 20 s of orphans of the baseline. */
const dyingAfter = (lines: readonly string[], until = 20): readonly Dying[] => {
  const stream = openStream(aMeta({ hz: 250, netns: 4_026_531_840 }), {
    onEnd: () => {},
    onLedger: () => {},
    onNotice: () => {},
  });
  for (const line of [helloLine(), inventoriedLine(sec(1)), inventoryEndLine(sec(1)), ...lines, tickLine(sec(until))])
    stream.push(line);
  stream.end();
  return [...stream.describeDying()];
};
const readAt = (second: number, on: ReadFields = {}): string => orphanReadLine(sec(second), on);
const only = (lines: readonly string[], until?: number): Dying => {
  const [one, ...more] = dyingAfter(lines, until);
  if (one === undefined || more.length > 0) throw new Error(`${more.length + (one === undefined ? 0 : 1)} rows`);
  return one;
};

const SHUT = {
  timer: [4, 2000, 0],
  backoff: 4,
  rtoMs: 208,
  packetsOut: 0,
  notSent: 6001,
  txQueue: 6001,
  sndWnd: 2000,
} as const;

describe('an orphan that was there before the capture', () => {
  test('has what a reading shows: whose it is, its memory, and how old that is', () => {
    expect(only([readAt(15)])).toMatchObject({
      type: 'dying',
      closer: null,
      closed_at: null,
      dying_us: null,
      dying_at_least_us: 20e6,
      uid: 1000,
      cgroup_id: '4242',
      cookie: '77',
      held_bytes: null,
      held_now_bytes: 5096,
      refreshed_at: expect.stringContaining(':15.'),
      certain: false,
      gaps: ['older_than_capture'],
    });
    expect(only([])).toMatchObject({ uid: null, held_now_bytes: null, dying_at_least_us: 20e6 });
  });

  test('waits for the window whose probe timer is pending, and its advice follows', () => {
    const row = only([readAt(15, SHUT)]);
    expect(row).toMatchObject({ waiting_for: 'window', side: 'peer', probes: 0, deadline: 'at' });
    expect(row.because[0]).toContain('6001 B to send and a window of 2000 B');
  });

  test('does not name a window that ss does not tell', () => {
    const row = only([readAt(15, { ...SHUT, sndWnd: null })]);
    expect(row).toMatchObject({ waiting_for: 'window', side: 'peer' });
    expect(row.because[0]).toContain('6001 B to send: nothing in flight');
  });

  test('does not blame the peer for probes that nobody answers', () => {
    expect(only([readAt(15, { ...SHUT, sndWnd: null, timer: [4, 2000, 3] })])).toMatchObject({
      side: 'unknown',
      probes: 3,
    });
  });

  test('has room in the window, yet the probe timer is pending: no shut window', () => {
    expect(only([readAt(15, { ...SHUT, sndWnd: 65_536, notSent: 100, txQueue: 100 })]).waiting_for).toBe('ack');
  });

  test('has the deadline of its pending timer', () => {
    // Three retransmissions by a timer of 200 ms: the last of nine comes 102.2 s after the first transmission, and the
    // pending fourth is due in 800 ms, 3 s after it.
    const row = only([readAt(15, { timer: [1, 800, 0], retransmits: 3, rtoMs: 1600 })], 16);
    expect(row).toMatchObject({ waiting_for: 'ack', deadline: 'at' });
    const left = (Date.parse(row.deadline_at ?? '') - Date.parse(row.refreshed_at)) / 1000;
    expect(left).toBeCloseTo(0.8 + 3.2 + 6.4 + 12.8 + 25.6 + 51.2, 1);
    expect(row.deadline_because).toContain(
      'sock_diag does not tell TCP_USER_TIMEOUT: one that is set may end it sooner',
    );
  });

  test('has no deadline where its namespace did not tell the sysctls', () => {
    const row = only([readAt(15, { sysctls: null })], 16);
    expect(row).toMatchObject({ deadline: 'unknown', deadline_at: null });
    expect(row.deadline_because).toEqual(['the sysctls of its namespace could not be read']);
  });

  test('is not believed where a retransmission would have come since', () => {
    expect(only([readAt(15, { rtoMs: 400 })], 17)).toMatchObject({ waiting_for: 'ack' });
    const old = only([readAt(15, { rtoMs: 400 })], 20);
    expect(old).toMatchObject({ waiting_for: 'unknown', side: 'unknown' });
    expect(old.because[0]).toContain('its newest evidence is 5.0 s old');
  });

  test('follows each reading, but not one of another socket with its endpoints', () => {
    const newer = readAt(18, { ...SHUT, wmemQueued: 9000 });
    expect(only([readAt(15), newer])).toMatchObject({ waiting_for: 'window', held_now_bytes: 10_000 });
    const another = readAt(18, { ...SHUT, cookie: 78 });
    expect(only([readAt(15, { timer: [1, 9000, 0], rtoMs: 12_800 }), another])).toMatchObject({ waiting_for: 'ack' });
  });

  test('is one row once an event comes, and later readings change nothing', () => {
    const found = announceLine({ at: sec(16), via: 4, flags: 1 });
    const rows = dyingAfter([readAt(15), found, readAt(18, SHUT)]);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.sk).not.toBeNull();
  });
});
