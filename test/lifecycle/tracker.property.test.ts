import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeSilent, describeSock } from '../../src/explain/describe.ts';
import { createWallClock } from '../../src/explain/wall-clock.ts';
import type { Sock } from '../../src/lifecycle/sock.ts';
import { createTracker } from '../../src/lifecycle/tracker.ts';
import type { TimedEvent } from '../../src/wire/event.ts';
import { aHello } from '../builders/meta.ts';
import { decodeAll } from '../builders/track.ts';
import {
  announceLine,
  destroyLine,
  hostFactsLine,
  inventoriedLine,
  inventoryEndLine,
  kernelLogLine,
  lostLine,
  resetLine,
  retransmitLine,
  sampleLine,
  setStateLine,
  tallyLine,
  tickLine,
} from '../builders/wire-lines.ts';

const at = fc.integer({ min: -20_000_000, max: 200_000_000 });
const sk = fc.constantFrom('a', 'b', 'c');
const rport = fc.constantFrom(1, 2, 3);
const state = fc.constantFrom('ESTABLISHED', 'FIN_WAIT1', 'FIN_WAIT2', 'CLOSE', 'LAST_ACK', 'LISTEN', 'SYN_SENT');
const flags = fc.constantFrom(0, 1, 3, 16, 17);
const move = fc.record({ at, from: state, to: state, own: fc.boolean() });

/** Any line that a probe or finwait itself might write, in no order that a kernel would. */
const line = fc
  .oneof(
    {
      weight: 4,
      arbitrary: fc
        .record({
          at,
          sk,
          rport,
          state,
          flags,
          via: fc.integer({ min: 1, max: 5 }),
          own: fc.boolean(),
          holder: fc.nat({ max: 4 }),
          lingerTime: fc.constantFrom(0, 5),
          taskFlags: fc.constantFrom(0, 4, 0x200000),
          moves: fc.array(move, { maxLength: 3 }),
        })
        .map(announceLine),
    },
    { weight: 3, arbitrary: fc.record({ at, sk, from: state, to: state, flags, own: fc.boolean() }).map(setStateLine) },
    { weight: 3, arbitrary: fc.record({ at, sk, state, err: fc.constantFrom(0, 104) }).map(destroyLine) },
    fc.record({ at, sk }).map(retransmitLine),
    fc.record({ at, sk, sent: fc.boolean(), answersSegment: fc.boolean() }).map(resetLine),
    fc.tuple(at, fc.nat({ max: 9 })).map(([when, count]) => tallyLine(when, count)),
    at.map(tickLine),
    fc.tuple(at, rport).map(([when, port]) => inventoriedLine(when, { rport: port })),
    fc
      .record({ when: at, unreadable: fc.nat({ max: 1 }) })
      .map((on) => inventoryEndLine(on.when, { attachedAt: 0, unreadable: on.unreadable })),
    fc.tuple(at, fc.nat({ max: 6 })).map(([when, orphans]) => sampleLine(when, orphans)),
    at.map((when) => hostFactsLine(when)),
    at.map((when) => kernelLogLine(when)),
    fc.tuple(at, fc.nat({ max: 6 })).map(([when, count]) => lostLine(when, count)),
  )
  .filter((text) => !/^e \S+ -/.test(text));

const steps = fc.array(fc.tuple(line, fc.boolean()), { maxLength: 60, size: 'max' });

const run = (given: readonly (readonly [string, boolean])[], check: (on: ReturnType<typeof createTracker>) => void) => {
  const ended: Sock[] = [];
  const tracker = createTracker({ hz: 250, onEnd: (sock) => ended.push(sock), onLedger: () => {} });
  for (const [index, event] of decodeAll(given.map(([text]) => text)).entries()) {
    tracker.apply(event, given[index]?.[1] === true);
    check(tracker);
  }
  tracker.end();
  check(tracker);
  return { tracker, ended };
};

test('any order of any events, out of order or not, is taken, and every path can be described', () => {
  const hello = aHello();
  const context = {
    hello,
    wallClock: createWallClock(hello),
    reasons: new Map([[8, 'TCP_ABORT_ON_DATA']]),
    ownNetns: null,
  };
  fc.assert(
    fc.property(steps, (given) => {
      const { tracker, ended } = run(given, () => {});
      for (const sock of [...ended, ...tracker.live()]) {
        const path = describeSock(sock, tracker.now(), context);
        expect(path.certain && path.gaps.length > 0).toBe(false);
        expect(JSON.parse(JSON.stringify(path))).toEqual(path);
      }
      for (const orphan of tracker.silent()) expect(describeSilent(orphan, tracker.now(), context).certain).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('orphans are always baseline plus entries less exits, and the baseline moves at most once', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const baselines: number[] = [];
      run(given, (tracker) => {
        const { orphans, entries, exits } = tracker.ledger();
        if (orphans !== null) baselines.push(orphans - entries + exits);
      });
      expect(new Set(baselines).size).toBeLessThanOrEqual(2);
      expect(baselines.every((value, i) => i === 0 || value >= (baselines[i - 1] ?? 0))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('the count is the orphans at hand: those alive, those silent, those nobody located', () => {
  fc.assert(
    fc.property(steps, (given) => {
      run(given, (tracker) => {
        const { orphans, unlocated } = tracker.ledger();
        const alive = [...tracker.live()].filter((sock) => sock.entered && sock.destroyedAt === null).length;
        if (orphans !== null) expect(orphans).toBe(alive + tracker.silentCount() + unlocated);
      });
    }),
    { numRuns: 1000 },
  );
});

test('dyingCount is the socks announced and not destroyed', () => {
  fc.assert(
    fc.property(steps, (given) => {
      run(given, (tracker) => {
        expect(tracker.dyingCount()).toBe([...tracker.live()].filter((sock) => sock.destroyedAt === null).length);
      });
    }),
    { numRuns: 500 },
  );
});

test('each life ends once, and generations of an address count up without a hole', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const { tracker, ended } = run(given, () => {});
      const remaining = [...tracker.live()];
      expect(new Set([...ended, ...remaining]).size).toBe(ended.length + remaining.length);
      for (const address of ['a', 'b', 'c']) {
        const lives = [...ended, ...remaining].filter((sock) => sock.sk === address).map((sock) => sock.generation);
        expect(lives.toSorted((a, b) => a - b)).toEqual(lives.map((_, index) => index + 1));
      }
    }),
    { numRuns: 500 },
  );
});

test('the same events give the same calls', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const [one, two] = [run(given, () => {}), run(given, () => {})];
      expect(two.ended).toEqual(one.ended);
      expect(two.tracker.ledger()).toEqual(one.tracker.ledger());
    }),
  );
});

test('a sock that is packed between its events lives as one that is not: paths, order and ledger are the same', () => {
  const hello = aHello();
  const context = { hello, wallClock: createWallClock(hello), reasons: new Map<number, string>(), ownNetns: null };
  const decoded = (lines: readonly string[]): readonly TimedEvent[] => decodeAll(lines);
  const live = (given: readonly (readonly [string, boolean])[], isPacked: boolean) => {
    const told: unknown[] = [];
    const tracker = createTracker({
      hz: 250,
      onEnd: (sock) => told.push(describeSock(sock, tracker.now(), context)),
      onLedger: (row) => told.push(row),
    });
    for (const [index, event] of decoded(given.map(([text]) => text)).entries()) {
      tracker.apply(event, given[index]?.[1] === true);
      // A tick packs the socks that live on; a notice does nothing.
      const { at } = event;
      tracker.apply(isPacked ? { kind: 'tick', at, cpu: 0, settled: null } : { kind: 'notice', at, text: '' }, false);
      for (const sock of tracker.live()) told.push(describeSock(sock, tracker.now(), context));
      told.push(tracker.ledger(), tracker.counters());
    }
    tracker.end();
    for (const sock of tracker.live()) told.push(describeSock(sock, tracker.now(), context));
    return told;
  };
  fc.assert(
    fc.property(steps, (given) => {
      expect(live(given, true)).toEqual(live(given, false));
    }),
    { numRuns: 300 },
  );
});

test('who looks between the events changes nothing: paths, order and ledger are the same', () => {
  const hello = aHello();
  const context = { hello, wallClock: createWallClock(hello), reasons: new Map<number, string>(), ownNetns: null };
  const told = (
    given: readonly (readonly [string, boolean])[],
    look: (on: ReturnType<typeof createTracker>) => void,
  ) => {
    const { tracker, ended } = run(given, look);
    const socks = [...ended, ...tracker.live()];
    return [...socks.map((sock) => describeSock(sock, tracker.now(), context)), tracker.ledger()];
  };
  fc.assert(
    fc.property(steps, (given) => {
      const untouched = told(given, () => {});
      expect(told(given, (tracker) => void [...tracker.live()])).toEqual(untouched);
      expect(told(given, (tracker) => void Array.from(tracker.views(), (view) => view.sock()))).toEqual(untouched);
    }),
    { numRuns: 300 },
  );
});
