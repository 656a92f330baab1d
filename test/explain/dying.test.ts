import { describe, expect, test } from 'vitest';
import { deadlineOfDying } from '../../src/explain/dying.ts';
import { traceNs } from '../../src/kernel/units.ts';
import { NO_PRESSURE } from '../builders/deadline.ts';
import { aHello } from '../builders/meta.ts';
import { decodeAll } from '../builders/track.ts';
import { inventoriedLine, sec } from '../builders/wire-lines.ts';

/** The deadline, seconds after the listing, of an orphan listed in FIN_WAIT2 with so much left, as of `now`. */
const listed = (leftMs: number, now = 0, state: 'FIN_WAIT1' | 'FIN_WAIT2' = 'FIN_WAIT2') => {
  const [orphan] = decodeAll([inventoriedLine(0, { state, timer: `2 ${leftMs} 0` })]);
  if (orphan?.kind !== 'inventoried') throw new Error('no inventory line');
  const host = { hello: aHello(), clock: null, now: traceNs(sec(now)), pressure: NO_PRESSURE };
  const deadline = deadlineOfDying(
    { ...orphan, reading: null, progress: null, isMissed: false },
    host,
    ({ announcedAt }) => announcedAt,
  );
  return deadline.kind === 'at' ? { at: deadline.at / 1e9, expected: deadline.expectedAt / 1e9 } : deadline.kind;
};

describe('the deadline of an orphan of the inventory, in FIN_WAIT2', () => {
  test('is that of its listed timer', () => {
    expect(listed(57_430)).toMatchObject({ at: 57.43 });
    expect(listed(5000)).toMatchObject({ at: 5 });
  });

  test('is unknown in other states, and long after the timer', () => {
    expect(listed(57_430, 0, 'FIN_WAIT1')).toBe('undecided');
    expect(listed(9430, 11.1)).toMatchObject({ at: 9.43 });
    expect(listed(9430, 11.2)).toBe('undecided');
  });

  test('may be later by what ss cut off: up to a second of 10 s and more, a minute of 10 min and more', () => {
    // 57 s may be 57.9 s, 57.43 s is what it is.
    expect(listed(57_000)).toEqual({ at: 57, expected: expect.closeTo(57 * 1.0325 + 0.5, 6) });
    expect(listed(57_430)).toEqual({ at: 57.43, expected: expect.closeTo(57.43 * 1.0325, 6) });
    expect(listed(1_200_000)).toEqual({ at: 1200, expected: expect.closeTo(1200 * 1.0325 + 30, 6) });
    expect(listed(57_000, 57 * 1.13 + 1.4)).toMatchObject({ at: 57 });
    expect(listed(57_000, 57 * 1.13 + 1.6)).toBe('undecided');
    // Below 10 s ss tells every ms.
    expect(listed(9000, 9 * 1.13 + 0.6)).toBe('undecided');
  });
});
