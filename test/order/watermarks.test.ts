import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type TraceNs, traceNs } from '../../src/kernel/units.ts';
import { createReorder, type ReorderOptions } from '../../src/order/reorder.ts';
import { createWatermarks, PATIENCE_NS, WITHIN_CPU_NS } from '../../src/order/watermarks.ts';

const ms = (n: number): number => n * 1e6;
const sec = (n: number): number => n * 1e9;

type Item = { readonly at: TraceNs; readonly id: number };

const order = (change: Partial<Omit<ReorderOptions<Item>, 'emit'>> = {}) => {
  const out: { readonly at: number; readonly isOutOfOrder: boolean }[] = [];
  const reorder = createReorder<Item>({
    windowNs: ms(250),
    maxWindowNs: sec(2),
    maxHeld: 1_000_000,
    maxWeight: 1_000_000,
    maxCpus: 64,
    ...change,
    emit: ({ at }, isOutOfOrder) => out.push({ at, isOutOfOrder }),
  });
  let id = 0;
  return {
    out,
    /** A line of a CPU. */
    line: (cpu: number, at: number, weight = 1) => reorder.push({ at: traceNs(at), id: id++ }, true, weight, cpu + 1),
    /** A line of finwait's own. */
    own: (at: number) => reorder.push({ at: traceNs(at), id: id++ }, false, 1, 0),
    /** Asked at `at`: CPUs and their newest lines. */
    told: (at: number, newest: Readonly<Record<number, number>>) =>
      reorder.progress(
        traceNs(at),
        Object.entries(newest).flatMap(([cpu, until]) => [Number(cpu) + 1, until]),
      ),
    flush: reorder.flush,
    late: () => out.filter(({ isOutOfOrder }) => isOutOfOrder).length,
    times: () => out.map(({ at }) => at),
  };
};

describe('lines that tell their CPU', () => {
  test('wait for a CPU whose buffer is read seconds later, through many ticks of another', () => {
    const { line, told, late, times, flush } = order();
    line(0, ms(10));
    line(1, ms(10));
    told(ms(100), { 0: ms(10), 1: ms(10) });
    // CPU 1 is not read for 3 s; bpftrace answers after that time.
    for (let at = 200; at <= 3000; at += 100) {
      line(0, ms(at) - 1);
      told(ms(at), { 0: ms(at) - 1, 1: ms(3000) - 2 });
    }
    expect(times()).toEqual([ms(10), ms(10)]);
    for (let at = 150; at < 3000; at += 50) line(1, ms(at));
    line(1, ms(3000) - 2);
    told(ms(3100), {});
    expect(late()).toBe(0);
    expect(times()).toHaveLength(2 + 29 + 57 + 1);
    expect(times()).toEqual(times().toSorted((a, b) => a - b));
    flush();
    expect(late()).toBe(0);
  });

  test('do not wait for an idle CPU, however long it has said nothing', () => {
    const { line, told, times } = order();
    line(1, ms(1));
    line(0, ms(2));
    told(ms(100), { 0: ms(2), 1: ms(1) });
    expect(times()).toEqual([ms(1), ms(2)]);
    for (let at = 60_000; at < 61_000; at += 100) {
      line(0, ms(at) + 1);
      told(ms(at) + ms(90), { 0: ms(at) + 1 });
    }
    expect(times()).toHaveLength(12);
  });

  test('go on once bpftrace was asked after them, and not before', () => {
    const { line, told, times } = order();
    line(0, ms(50));
    line(0, ms(90));
    expect(times()).toEqual([]);
    told(ms(80), { 0: ms(90) });
    expect(times()).toEqual([ms(50)]);
    told(ms(90) + WITHIN_CPU_NS, {});
    expect(times()).toEqual([ms(50), ms(90)]);
  });

  test('keep their order where one program of a CPU interrupts another', () => {
    const { line, told, late } = order();
    line(0, ms(1));
    told(ms(1), { 0: ms(200) });
    // Both are of long ago when the answer comes; the later one was printed first.
    line(0, ms(200));
    line(0, ms(199));
    told(ms(300), {});
    expect(late()).toBe(0);
  });

  test('of a CPU that was added meanwhile hold nobody up, and are not out of order', () => {
    const { line, told, late, times } = order();
    line(0, ms(10));
    told(ms(100), { 0: ms(10) });
    line(0, ms(150));
    line(0, ms(190));
    line(7, ms(140));
    told(ms(200), { 0: ms(190), 7: ms(195) });
    expect(times()).toEqual([ms(10)]);
    line(7, ms(195));
    told(ms(300), {});
    expect(late()).toBe(0);
    expect(times()).toEqual([ms(10), ms(140), ms(150), ms(190), ms(195)]);
  });

  test('wait for the first word of how far the CPUs are', () => {
    const { line, own, told, late, times } = order();
    line(0, sec(-1));
    line(0, sec(1));
    own(sec(1));
    expect(times()).toEqual([]);
    line(1, sec(-2));
    told(sec(1.1), { 0: sec(1), 1: sec(-2) });
    expect(late()).toBe(0);
    expect(times()).toEqual([sec(-2), sec(-1), sec(1), sec(1)]);
  });

  test('go by the window of time where that word never comes', () => {
    const { line, own, times } = order();
    line(0, ms(10));
    own(sec(1));
    own(sec(7));
    line(0, sec(7));
    expect(times()).toEqual([ms(10), sec(1)]);
  });

  test('wait no longer for a CPU whose last line was lost once it speaks again', () => {
    const { line, told, times } = order();
    line(0, ms(10));
    line(1, ms(10));
    told(ms(100), { 0: ms(10), 1: ms(90) });
    line(0, ms(110));
    told(ms(200), { 0: ms(110) });
    expect(times()).toEqual([]);
    line(1, ms(210));
    told(ms(300), { 1: ms(210) });
    expect(times()).toEqual([ms(10), ms(10), ms(110), ms(210)]);
  });

  test('wait for one that never speaks again, by the clock of finwait and not by that of the lines', () => {
    const { line, own, told, times } = order();
    line(0, ms(10));
    line(1, ms(10));
    told(ms(100), { 0: ms(10), 1: ms(90) });
    own(sec(1));
    for (let at = 1; at < 300; at++) told(sec(at), { 0: ms(10) });
    expect(times()).toEqual([]);
    own(sec(1) + PATIENCE_NS);
    told(sec(301), {});
    expect(times().length).toBeGreaterThan(2);
  });

  test('are held up to a bound: then the oldest go on, and what is older comes out of order', () => {
    const { line, told, times, late } = order({ maxWeight: 1000 });
    line(0, ms(10), 1);
    line(1, ms(1), 1);
    told(ms(100), { 0: ms(10), 1: ms(90) });
    line(0, ms(200), 600);
    line(0, ms(210), 600);
    expect(times()).toEqual([ms(1), ms(10), ms(200)]);
    line(1, ms(90), 1);
    expect(late()).toBe(1);
  });

  test('of numbers that no CPU has do no harm', () => {
    const { line, told, times, late } = order({ maxCpus: 4 });
    for (let cpu = -2; cpu < 20_000; cpu += 7) {
      line(cpu, ms(10));
      told(ms(10), { [cpu]: sec(1e6) });
    }
    for (let at = 1; at < 100; at++) {
      line(0, sec(at));
      told(sec(at), { 0: sec(at) });
    }
    const { length } = times();
    expect(length).toBeGreaterThanOrEqual(0);
    expect(late()).toBe(0);
  });

  test('come out in order from any reading of their buffers, none out of order, none lost', () => {
    const script = fc.array(
      fc.oneof(
        fc.record({ do: fc.constant('print' as const), cpu: fc.nat({ max: 3 }), after: fc.nat({ max: 20 }) }),
        fc.record({ do: fc.constant('read' as const), cpu: fc.nat({ max: 3 }), most: fc.nat({ max: 30 }) }),
      ),
      { maxLength: 300, size: 'max' },
    );
    fc.assert(
      fc.property(script, (steps) => {
        const { line, told, late, times, flush } = order();
        const buffers: (number | 'ask')[][] = [[], [], [], []];
        const marks: Record<number, number> = {};
        let now = 0;
        let printed = 0;
        const read = (cpu: number, most: number): void => {
          for (const one of (buffers[cpu] ?? []).splice(0, most)) {
            if (one === 'ask') told(asked.shift() ?? 0, { ...marks });
            else line(cpu, one);
          }
        };
        const asked: number[] = [];
        for (const [i, step] of steps.entries()) {
          if (step.do === 'read') read(step.cpu, step.most);
          else {
            now += ms(step.after) + 1;
            marks[step.cpu] = now;
            buffers[step.cpu]?.push(now);
            printed++;
          }
          if (i % 10 === 9) {
            now++;
            asked.push(now);
            buffers[0]?.push('ask');
          }
        }
        for (const cpu of [0, 1, 2, 3]) read(cpu, 1000);
        flush();
        expect(late()).toBe(0);
        expect(times()).toHaveLength(printed);
        expect(times()).toEqual(times().toSorted((a, b) => a - b));
      }),
    );
  });
});

test('a thousand CPUs are told apart, and no more than were asked for', () => {
  const marks = createWatermarks(1000);
  for (let cpu = 1; cpu <= 2000; cpu++) marks.heard(cpu, traceNs(5));
  marks.told(traceNs(100), [1500, 90]);
  expect(marks.until()).toBe(100 - WITHIN_CPU_NS);
  marks.told(traceNs(200), [900, 190]);
  expect(marks.until()).toBe(5 - WITHIN_CPU_NS);
});
