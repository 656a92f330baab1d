import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/kernel/fault.ts';
import type { LedgerRow } from '../../src/lifecycle/ledger.ts';
import { type OpenStream, openStream } from '../../src/stream/open-stream.ts';
import { WIRE_VERSION } from '../../src/wire/schema.ts';
import { aMeta } from '../builders/meta.ts';
import {
  type AnnounceFields,
  announceLine,
  byeLine,
  destroyLine,
  helloLine,
  inventoriedLine,
  inventoryEndLine,
  lostLine,
  ms,
  noticeLine,
  oneOfEach,
  progressLine,
  pulseLine,
  sampleLine,
  sec,
  setStateLine,
  tallyLine,
  tickLine,
} from '../builders/wire-lines.ts';

type Folded = { readonly fold: OpenStream; readonly paths: string[]; readonly notices: string[] };

const folded = (lines: readonly string[], windowMs = 5): Folded => {
  const paths: string[] = [];
  const notices: string[] = [];
  const fold: OpenStream = openStream(aMeta({ reorder_window_ms: windowMs }), {
    onEnd: (sock) => paths.push(JSON.stringify(fold.describe(sock))),
    onLedger: () => {},
    onNotice: (text) => notices.push(text),
  });
  for (const line of lines) fold.push(line);
  fold.end();
  return { fold, paths, notices };
};

const life = [
  announceLine({ at: ms(1), moves: [{ at: ms(1), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }] }),
  setStateLine({ at: ms(2), from: 'FIN_WAIT1', to: 'FIN_WAIT2' }),
  setStateLine({ at: ms(3), from: 'FIN_WAIT2', to: 'CLOSE' }),
  destroyLine({ at: ms(4) }),
];

describe('one stream of lines', () => {
  test('displaced within the window gives the same paths as in order', () => {
    const inOrder = folded([helloLine(), inventoryEndLine(0), ...life, tickLine(sec(1))]);
    expect(inOrder.paths).toHaveLength(1);
    fc.assert(
      fc.property(fc.shuffledSubarray(life, { minLength: life.length }), (lines) => {
        const shuffled = folded([helloLine(), inventoryEndLine(0), ...lines, tickLine(sec(1))]);
        expect(shuffled.paths).toEqual(inOrder.paths);
      }),
    );
  });

  test('waits for the buffer of another CPU, however many ticks are read before it', () => {
    const lines = [
      helloLine(),
      inventoryEndLine(0),
      announceLine({ at: ms(1), moves: [{ at: ms(1), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }], cpu: 0 }),
      pulseLine(ms(1), 1),
      setStateLine({ at: ms(3), from: 'FIN_WAIT2', to: 'CLOSE', cpu: 0 }),
    ];
    for (let at = 100; at < 3000; at += 100) {
      lines.push(
        progressLine(ms(at), { 0: ms(at), 1: ms(2950) }),
        tickLine(ms(at), ms(at), 0),
        sampleLine(ms(at), 0, 9),
      );
    }
    const buffer = [
      setStateLine({ at: ms(2), from: 'FIN_WAIT1', to: 'FIN_WAIT2', cpu: 1 }),
      destroyLine({ at: ms(4), lines: 3, announcedAt: ms(1) }),
      pulseLine(ms(2950), 1),
    ];
    const { fold, paths } = folded([...lines, ...buffer, progressLine(ms(3000), { 0: ms(3000) }), tickLine(sec(4))]);
    expect(fold.tracker.counters()).toMatchObject({ outOfOrder: 0, unannounced: 0, malformed: 0 });
    expect(paths).toHaveLength(1);
    expect(JSON.parse(paths[0] ?? '')).toMatchObject({ certain: true, ended_by: 'fin_wait2_timewait' });
  });

  test('compares the count with the kernel’s once the probes have announced every close before it', () => {
    const rows: LedgerRow[] = [];
    const fold = openStream(aMeta({ min_age_ms: 10 }), {
      onEnd: () => {},
      onLedger: (row) => rows.push(row),
      onNotice: () => {},
    });
    const counted = (at: number, orphans: number): string[] => [sampleLine(at, orphans, 9), tickLine(at + ms(90), at)];
    for (const line of [helloLine(), inventoryEndLine(0), ...counted(0, 0), ...counted(ms(100), 0)]) fold.push(line);
    // Ten closes wait in a ring for three seconds.
    for (const at of [sec(1), sec(2), sec(3)]) {
      fold.push(sampleLine(at, 10, 9));
      fold.push(tickLine(at + ms(90), ms(900)));
    }
    expect(rows.every(({ drift }) => drift === 0)).toBe(true);
    const before = rows.length;
    for (let i = 0; i < 10; i++)
      fold.push(announceLine({ at: sec(3.5) + i, deferred: { closedAt: ms(900) + i }, sk: `ffff88810000${i}000` }));
    fold.push(tickLine(sec(3.6), sec(3.6)));
    fold.push(tickLine(sec(3.7), sec(3.7)));
    fold.end();
    expect(rows.length).toBe(before + 3);
    expect(rows.every(({ drift }) => drift === 0)).toBe(true);
  });

  test('keeps its order when a tally that finwait dated runs ahead of the kernel: nothing older than it is out of order', () => {
    const [first = '', ...rest] = life;
    const inOrder = folded([helloLine(), inventoryEndLine(0), ...life, tickLine(sec(1))]);
    const { fold, paths } = folded([
      helloLine(),
      inventoryEndLine(0),
      first,
      tallyLine(ms(900), 5),
      ...rest.toReversed(),
      tickLine(sec(1)),
    ]);
    expect(paths).toEqual(inOrder.paths);
    expect(fold.tracker.counters()).toMatchObject({ outOfOrder: 0, tallied: 5 });
  });

  test('advises by the deadline that it worked out, and by TCP_USER_TIMEOUT', () => {
    const advised = (change: AnnounceFields): string => {
      const shut = { pending: 3, backoff: 2, sndNxt: 4000, sndWnd: 0, ...change };
      const moves = [{ at: ms(1), from: 'ESTABLISHED' as const, to: 'FIN_WAIT1' as const, own: true }];
      const { fold } = folded([helloLine(), inventoryEndLine(0), announceLine({ at: ms(1), moves, ...shut })]);
      return [...fold.describeDying()].map(({ deadline, advice }) => `${deadline}: ${advice.join(' ')}`).join();
    };
    expect(advised({ retries2: 8 })).toMatch(/^never: .*tcp_retries2 stops their interval/);
    expect(advised({ retries2: 15 })).toMatch(/^at: /);
    expect(advised({ retries2: 15 })).not.toContain('tcp_retries2');
    expect(advised({ userTimeoutMs: 5000 })).toMatch(/^at: .*Its TCP_USER_TIMEOUT of 5 s bounds it/);
  });

  test('the newest sample of orphans and memory is what the deadline reckons with', () => {
    const moves = [{ at: ms(1), from: 'ESTABLISHED' as const, to: 'FIN_WAIT1' as const, own: true }];
    const closed = announceLine({ at: ms(1), moves, wmemQueued: 65_536 });
    const because = (pages: number, orphans: number): string => {
      const memory = { pages, low: 10, pressure: 20, high: 30 };
      const { fold } = folded([helloLine(), inventoryEndLine(0), closed, sampleLine(ms(2), orphans, 100, memory)]);
      return [...fold.describeDying()].map(({ deadline_because }) => deadline_because.join(' ')).join();
    };
    expect(because(31, 1)).toContain('TCP has 31 pages, more than the third of tcp_mem, 30');
    expect(because(30, 1)).toContain('tcp_write_timeout gives up');
    expect(because(30, 101)).toContain('exceed tcp_max_orphans, 100');
  });

  test('counts malformed lines, and goes on', () => {
    const { fold, paths } = folded(['nonsense', helloLine(), 'A torn', ...life, 'D ', tickLine(sec(1))]);
    expect(fold.tracker.counters().malformed).toBe(3);
    expect(paths).toHaveLength(1);
  });

  test('tells notices and losses', () => {
    const { notices } = folded([helloLine(), noticeLine(5, 'a map is full'), lostLine(6, 12, 'a buffer was full')]);
    expect(notices).toEqual(['a map is full', '12 events lost: a buffer was full']);
  });

  test('tells losses that repeat once a second for each reason, with the sum, and the rest at its end', () => {
    const lines = Array.from({ length: 250 }, (_, i) => [
      lostLine(ms(10 * i), 2, 'a map was full'),
      ...(i === 120 ? [lostLine(ms(10 * i), 1, 'a buffer was full')] : []),
      tickLine(ms(10 * i + 1)),
    ]).flat();
    const { notices, fold } = folded([helloLine(), ...lines]);
    expect(fold.tracker.counters().lostEvents).toBe(501);
    const sums = notices.filter((text) => text.endsWith(': a map was full')).map((text) => Number.parseInt(text, 10));
    expect(sums[0]).toBe(2);
    expect(sums).toHaveLength(4);
    expect(sums.reduce((a, b) => a + b)).toBe(500);
    expect(notices).toContain('1 events lost: a buffer was full');
  });

  test('tells losses for ten thousand reasons in few words, and all of them', () => {
    const { notices } = folded([helloLine(), ...Array.from({ length: 10_000 }, (_, i) => lostLine(i, 1, `${i}`))]);
    expect(notices.length).toBeLessThan(40);
    expect(notices.map((text) => Number.parseInt(text, 10)).reduce((a, b) => a + b)).toBe(10_000);
  });

  test('is complete when it said goodbye', () => {
    expect(folded([helloLine(), ...life]).fold.isComplete()).toBe(false);
    expect(folded([helloLine(), ...life, byeLine(sec(1))]).fold.isComplete()).toBe(true);
  });

  test('tells what remains: socks still dying, then those known from /proc alone', () => {
    const { fold } = folded([
      helloLine(),
      inventoriedLine(1, { rport: 9 }),
      inventoryEndLine(2),
      ...life.slice(0, 2),
      tickLine(sec(1)),
    ]);
    expect([...fold.describeRemaining()].map(({ sk, rport, ended_by }) => [sk !== null, rport, ended_by])).toEqual([
      [true, 51_234, null],
      [false, 9, null],
    ]);
  });

  test('of a newer wire version is a fault that says so', () => {
    expect(() => folded([helloLine({ version: WIRE_VERSION + 1 })])).toThrow(Fault);
    expect(() => folded([helloLine({ version: WIRE_VERSION + 1 })])).toThrow(`version ${WIRE_VERSION + 1}`);
  });

  test('of any lines never throws anything but that', () => {
    const good = [helloLine(), ...oneOfEach(), ...life];
    const mutated = fc
      .tuple(fc.constantFrom(...good), fc.nat(), fc.constantFrom('', '0', 'f', ' ', '9', 'g', '\u0000'))
      .map(([line, at, by]) => line.slice(0, at % line.length) + by + line.slice((at % line.length) + 1));
    const line = fc.oneof(fc.constantFrom(...good), mutated, fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40, size: 'max' }), (lines) => {
        try {
          const { fold } = folded([helloLine(), ...lines]);
          for (const path of fold.describeRemaining()) JSON.stringify(path);
          expect(typeof fold.wallClock(fold.tracker.now())).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('with a handshake and nothing else has a time for its last ledger', () => {
    const { fold } = folded([helloLine()]);
    expect(fold.wallClock(fold.tracker.ledger().at)).toBe('2026-01-01T00:00:00.250000000Z');
  });
});
