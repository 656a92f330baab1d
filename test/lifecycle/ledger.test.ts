import { describe, expect, test } from 'vitest';
import { traceNs } from '../../src/kernel/units.ts';
import { createLedger, type LedgerRow } from '../../src/lifecycle/ledger.ts';
import { ms, sec } from '../builders/wire-lines.ts';

const make = () => {
  const rows: LedgerRow[] = [];
  const ledger = createLedger((row) => rows.push(row));
  const at = traceNs;
  return {
    rows,
    ledger,
    enter: (ns: number) => ledger.enter(at(ns)),
    exit: (ns: number) => ledger.exit(at(ns)),
    sample: (ns: number, orphans: number) => ledger.sample(at(ns), orphans, 16_384),
    advance: (ns: number) => ledger.advance(at(ns)),
    now: () => ledger.now(at(0)),
  };
};

describe('the count', () => {
  test('is unknown until the inventory is complete', () => {
    const { enter, now } = make();
    enter(0);
    expect(now()).toMatchObject({ entries: 1, exits: 0, orphans: null, drift: null, kernelOrphans: null });
  });

  test('is baseline plus entries less exits', () => {
    const { ledger, enter, exit, now } = make();
    ledger.setBaseline(5);
    enter(1);
    enter(2);
    exit(3);
    expect(now()).toMatchObject({ entries: 2, exits: 1, orphans: 6 });
  });
});

describe('a sample', () => {
  test('is settled 10 ms later, with the count of its own moment', () => {
    const { rows, ledger, enter, sample, advance } = make();
    ledger.setBaseline(0);
    enter(0);
    sample(ms(100), 1);
    advance(ms(110));
    expect(rows).toEqual([]);
    enter(ms(110.1));
    advance(ms(110.1));
    expect(rows).toMatchObject([
      { at: ms(100), entries: 1, orphans: 1, kernelOrphans: 1, kernelLimit: 16_384, drift: 0 },
    ]);
  });

  test('is settled once, when its time has come or the capture ends', () => {
    const { rows, ledger, sample } = make();
    ledger.setBaseline(0);
    sample(0, 0);
    sample(ms(1), 0);
    expect(rows).toHaveLength(0);
    ledger.end(traceNs(ms(2)));
    ledger.end(traceNs(ms(3)));
    expect(rows.map((row) => row.at)).toEqual([0, ms(1)]);
  });

  test('counts as in flight what came within 10 ms on either side of it', () => {
    const { rows, ledger, enter, exit, sample, advance } = make();
    ledger.setBaseline(0);
    enter(ms(89.9));
    enter(ms(90));
    exit(ms(99));
    sample(ms(100), 1);
    enter(ms(110));
    exit(ms(110.1));
    advance(ms(111));
    expect(rows).toMatchObject([{ inFlight: 3 }]);
  });

  test('counts the entries in flight exactly among many thousand', () => {
    const { rows, ledger, enter, exit, sample, advance } = make();
    ledger.setBaseline(0);
    for (let i = 0; i < 50_000; i++) {
      enter(i * 10_000);
      exit(i * 10_000);
    }
    sample(49_999 * 10_000, 0);
    advance(sec(1));
    // 10 ms at one every 10 µs, both ends included, two of each.
    expect(rows[0]?.inFlight).toBe(2 * 1001);
    expect(rows[0]?.drift).toBe(0);
  });
});

describe('closes that wait in the kernel to be announced', () => {
  const waiting = () => {
    const made = make();
    made.ledger.setBaseline(0);
    // Nobody is hidden from the inventory.
    made.sample(0, 0);
    made.advance(ms(50));
    made.rows.length = 0;
    made.ledger.announced(traceNs(ms(90)));
    made.sample(ms(100), 3);
    return made;
  };

  test('are no drift: the sample waits until the probes have announced all before it', () => {
    const { rows, ledger, enter, advance } = waiting();
    advance(sec(4));
    expect(rows).toEqual([]);
    for (const at of [ms(50), ms(95), ms(100)]) enter(at);
    enter(ms(101));
    ledger.announced(traceNs(ms(101)));
    advance(sec(4.1));
    expect(rows).toMatchObject([{ at: ms(100), orphans: 3, kernelOrphans: 3, drift: 0 }]);
  });

  test('are waited for no longer than ten seconds: then they are drift', () => {
    const { rows, advance } = waiting();
    advance(sec(10));
    expect(rows).toEqual([]);
    advance(sec(10.2));
    expect(rows).toMatchObject([{ drift: -3 }]);
  });
});

describe('drift', () => {
  test('is ours less the kernel’s, and the count is never reset to it', () => {
    const { rows, ledger, enter, sample, advance, now } = make();
    ledger.setBaseline(0);
    sample(0, 0);
    advance(sec(1));
    enter(sec(1));
    enter(sec(1));
    sample(sec(2), 5);
    advance(sec(3));
    sample(sec(4), 1);
    advance(sec(5));
    expect(rows.map((row) => [row.orphans, row.drift])).toEqual([
      [0, 0],
      [2, -3],
      [2, 1],
    ]);
    expect(now()).toMatchObject({ orphans: 2, unlocated: 0 });
  });

  test('is unknown while there is no baseline', () => {
    const { rows, sample, advance } = make();
    sample(0, 7);
    advance(sec(1));
    expect(rows).toMatchObject([{ orphans: null, kernelOrphans: 7, drift: null }]);
  });
});

describe('unlocated', () => {
  test('is what the kernel counts beyond the inventory at the first settled sample', () => {
    const { rows, ledger, sample, advance } = make();
    ledger.setBaseline(3);
    sample(0, 10);
    advance(sec(1));
    expect(rows).toMatchObject([{ orphans: 10, unlocated: 7, drift: 0 }]);
  });

  test('is set once and never again: later excess is drift', () => {
    const { rows, ledger, sample, advance } = make();
    ledger.setBaseline(3);
    sample(0, 3);
    advance(sec(1));
    sample(sec(2), 10);
    advance(sec(3));
    expect(rows).toMatchObject([
      { unlocated: 0, drift: 0 },
      { orphans: 3, unlocated: 0, drift: -7 },
    ]);
  });

  test('leaves out what events in flight can explain', () => {
    const { rows, ledger, enter, sample, advance } = make();
    ledger.setBaseline(0);
    sample(0, 2);
    enter(ms(1));
    enter(ms(2));
    advance(sec(1));
    expect(rows).toMatchObject([{ unlocated: 0, orphans: 0, drift: -2, inFlight: 2 }]);
  });

  test('is the least of ten samples where announcements are deferred: those that died first were never in it', () => {
    const rows: LedgerRow[] = [];
    const ledger = createLedger((row) => rows.push(row), ms(60));
    ledger.setBaseline(0);
    const kernel = [9, 5, 7, 2, 3, 2, 2, 2, 2, 2, 1];
    for (const [i, orphans] of kernel.entries()) ledger.sample(traceNs(sec(i)), orphans, 16_384);
    ledger.end(traceNs(sec(20)));
    expect(rows.map(({ unlocated, drift }) => [unlocated, drift])).toEqual([
      [9, 0],
      [5, 0],
      [5, -2],
      [2, 0],
      [2, -1],
      ...Array.from({ length: 5 }, () => [2, 0]),
      [2, 1],
    ]);
  });

  test('a sample taken before the inventory was complete does not set it', () => {
    const { rows, ledger, sample, advance } = make();
    sample(0, 9);
    ledger.setBaseline(3);
    advance(sec(1));
    sample(sec(2), 9);
    advance(sec(3));
    expect(rows).toMatchObject([
      { orphans: null, unlocated: 0 },
      { orphans: 9, unlocated: 6, drift: 0 },
    ]);
  });

  test('an orphan that shows itself is one less of them, and of the count none', () => {
    const { ledger, sample, advance, now } = make();
    ledger.setBaseline(0);
    sample(0, 1);
    advance(sec(1));
    expect(ledger.locate()).toBe(true);
    expect(now()).toMatchObject({ unlocated: 0, orphans: 1 });
    expect(ledger.locate()).toBe(false);
  });
});
