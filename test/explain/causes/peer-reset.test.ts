import { describe, expect, test } from 'vitest';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import { closed, destroyed, ending, FINDS, forgotten, found, past, received, step } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';
import { ms, resetLine, us } from '../../builders/wire-lines.ts';

test('a reset received: the peer', () => {
  for (const [from, err] of [
    ['FIN_WAIT1', 104],
    ['CLOSE_WAIT', 32],
    ['SYN_SENT', 111],
  ] as const) {
    expect(ending(closed(), received(ms(1)), step(ms(1) + 5, from, 'CLOSE', { err }), destroyed(ms(2), err))).toEqual([
      'peer_reset',
      'peer',
    ]);
  }
});

test('a reset received is certain where no data came after the close, and inferred where some did', () => {
  const reset = (dataSegsIn: number): ClosePath =>
    pathOf([
      closed({ dataSegsIn: 7 }),
      resetLine({ at: ms(1), sent: false, dataSegsIn }),
      step(ms(1) + 5, 'FIN_WAIT1', 'CLOSE', { err: 104 }),
      destroyed(ms(2), 104),
    ]);
  expect(reset(7)).toMatchObject({ ended_by: 'peer_reset', certain: true, gaps: [] });
  expect(reset(8)).toMatchObject({ ended_by: 'peer_reset', certain: false, gaps: ['cause_inferred'] });
});

test('ECONNRESET without the event that brings it is unknown', () => {
  expect(ending(closed(), step(ms(1), 'FIN_WAIT1', 'CLOSE', { err: 104 }), destroyed(ms(2), 104))).toEqual([
    'unknown',
    'unknown',
  ]);
});

describe.each(FINDS)('found in CLOSE by the close, %s', (_how, via) => {
  test.each([104, 32])('the peer had reset it (errno %d)', (err) => {
    expect(ending(...found(via, [past('ESTABLISHED', { err })], err))).toEqual(['peer_reset', 'peer']);
  });
});

test.each(FINDS)('after shutdown() the peer, or its data after SHUT_RDWR, %s: not certain', (_how, via) => {
  const moves = [
    { at: us(1), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true },
    past('FIN_WAIT1', { err: 104 }),
  ] as const;
  const path = pathOf(found(via, moves, 104));
  expect(path).toMatchObject({ ended_by: 'peer_reset', side: 'peer', certain: false });
  expect(path.because.join()).toContain('shutdown(SHUT_RDWR)');
});

test('a child that the peer had reset', () => {
  const path = pathOf([
    forgotten({ moves: [{ at: -us(9), from: 'ESTABLISHED', to: 'CLOSE', err: 104 }] }),
    destroyed(us(5), 104),
  ]);
  expect(path).toMatchObject({ ended_by: 'peer_reset', side: 'peer' });
});
