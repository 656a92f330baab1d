import { describe, expect, test } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import {
  ABORTS,
  abort,
  closed,
  destroyed,
  ending,
  FINDS,
  forgotten,
  found,
  past,
  sent,
  step,
} from '../builders/endings.ts';
import { pathOf } from '../builders/explain.ts';
import { destroyLine, ms, us } from '../builders/wire-lines.ts';

test('a line that the probe counted and that did not come makes the path uncertain', () => {
  const lines = (count: number): ClosePath =>
    pathOf([
      closed(),
      step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
      step(ms(2), 'FIN_WAIT2', 'CLOSE'),
      destroyLine({ at: ms(3), lines: count }),
    ]);
  expect(lines(3)).toMatchObject({ ended_by: 'fin_wait2_timewait', certain: true, gaps: [] });
  expect(lines(4)).toMatchObject({ certain: false, gaps: ['events_lost'] });
});

test('a silent end in FIN_WAIT1 is unknown', () => {
  expect(ending(closed(), step(ms(9), 'FIN_WAIT1', 'CLOSE'), destroyed(ms(9)))).toEqual(['unknown', 'unknown']);
});

test('without its way into CLOSE the ending is unknown', () => {
  expect(ending(closed(), destroyed(ms(9)))).toEqual(['unknown', 'unknown']);
});

test('where the kernel gives no reset reasons, their numbers mean nothing', () => {
  const path = pathOf(
    [closed(), step(us(50), 'FIN_WAIT1', 'CLOSE', { own: true }), sent(us(60), 13), destroyed(us(70))],
    { reasons: {} },
  );
  expect([path.ended_by, path.side]).toEqual(['unknown', 'limit']);
});

test.each(ABORTS)('in a close that was %s, for no reason that shows: not guessed', (_how, via) => {
  expect(ending(...abort(via, 'ESTABLISHED'))).toEqual(['unknown', 'unknown']);
});

describe.each(FINDS)('found in CLOSE by the close, %s', (_how, via) => {
  test('with a peer and no past: it got there before the capture', () => {
    expect(ending(...found(via, []))).toEqual(['unknown', 'unknown']);
  });

  test('a task had moved it there, as connect(AF_UNSPEC) does', () => {
    expect(ending(...found(via, [past('ESTABLISHED', { own: true })]))).toEqual(['unknown', 'local']);
  });

  test('the kernel had disconnected its own: no process of this host did', () => {
    const subflow = found(via, [past('ESTABLISHED', { own: true })], 0, { taskFlags: 0x200000 });
    expect(ending(...subflow)).toEqual(['unknown', 'unknown']);
  });

  test("tcp_disconnect sets ECONNRESET after it: the errno of the way into CLOSE counts, not the destroy's", () => {
    const path = pathOf(found(via, [past('ESTABLISHED', { own: true })], 104));
    expect(path).toMatchObject({ ended_by: 'unknown', side: 'local', certain: false });
  });
});

test('destroyed without a close, and of whose past nothing is known: unknown', () => {
  expect(pathOf([forgotten(), destroyed(us(5))])).toMatchObject({
    ended_by: 'unknown',
    side: 'unknown',
    certain: false,
  });
});
