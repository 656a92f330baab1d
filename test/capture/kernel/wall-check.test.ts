import { expect, test } from 'vitest';
import { createWallCheck } from '../../../src/capture/kernel/wall-check.ts';

const SECOND = 1_000_000_000n;
const MS = 1_000_000n;

/** Clocks that go on by `costNs` with each look at the boot clock. The wall clock is `offset` ahead of it. */
const fakeClocks = ({ costNs = 1000n, slept = 0 } = {}) => {
  const state = { boot: 5000n * SECOND, offset: 1_767_000_000n * SECOND, costNs, slept };
  const lines: string[] = [];
  const check = createWallCheck(
    state.offset,
    {
      boot: {
        now: () => {
          state.boot += state.costNs;
          return state.boot;
        },
      },
      wallMs: () => Number((state.boot + state.offset) / MS),
      uptimeS: () => Number(state.boot) / 1e9 + state.slept,
    },
    (line) => lines.push(line),
  );
  return {
    state,
    lines,
    second: () => {
      state.boot += SECOND;
      check();
    },
    /** The offset that the newest line states, ns. */
    stated: (): bigint => {
      const [, boot = '', sec = '', usec = ''] = /^w (\d+) (\d+)\.(\d{6})$/.exec(lines.at(-1) ?? '') ?? [];
      return BigInt(sec) * SECOND + BigInt(usec) * 1000n - BigInt(boot);
    },
  };
};

test('a clock that is not set is never said to be, however long a look at it takes', () => {
  for (const costNs of [100n, 1000n, 400_000n, 30n * MS, 3n * SECOND]) {
    const clocks = fakeClocks({ costNs });
    for (let i = 0; i < 1000; i++) clocks.second();
    expect(clocks.lines, `${costNs} ns a look`).toEqual([]);
  }
});

test.each([-3600n * SECOND, -20n * MS, 20n * MS, 3600n * SECOND, 10n ** 9n * SECOND])(
  'a step of %d ns is put once, within a second, exact to some microseconds',
  (step) => {
    const clocks = fakeClocks();
    clocks.second();
    clocks.state.offset += step;
    clocks.second();
    clocks.second();
    expect(clocks.lines).toHaveLength(1);
    expect(Math.abs(Number(clocks.stated() - clocks.state.offset))).toBeLessThan(5000);
    // The next one is told from the new time on.
    clocks.state.offset -= step;
    clocks.second();
    expect(clocks.lines).toHaveLength(2);
  },
);

test('a host that has just slept, whose boot clock is not known again, says nothing', () => {
  const clocks = fakeClocks({ slept: 60 });
  clocks.state.offset += 60n * SECOND;
  clocks.second();
  expect(clocks.lines).toEqual([]);
  clocks.state.slept = 0;
  clocks.state.boot += 60n * SECOND;
  clocks.state.offset -= 60n * SECOND;
  clocks.second();
  expect(clocks.lines).toEqual([]);
});
