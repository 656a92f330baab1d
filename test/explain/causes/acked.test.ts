import { expect, test } from 'vitest';
import { closed, destroyed, ending, FINDS, found, past, step } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';
import { ms } from '../../builders/wire-lines.ts';

test('LAST_ACK to CLOSE with all acknowledged: acked', () => {
  expect(ending(closed({}, 'CLOSE_WAIT', 'LAST_ACK'), step(ms(1), 'LAST_ACK', 'CLOSE'), destroyed(ms(2)))).toEqual([
    'acked',
    'none',
  ]);
});

test('LAST_ACK to CLOSE, silently and with the FIN not acknowledged: not called acked', () => {
  const path = pathOf([
    closed({}, 'CLOSE_WAIT', 'LAST_ACK'),
    step(ms(1), 'LAST_ACK', 'CLOSE', { writeSeq: 5001, sndUna: 5000 }),
    destroyed(ms(2)),
  ]);
  expect(path.ended_by).not.toBe('acked');
  expect(path.certain).toBe(false);
});

test.each(FINDS)('found in CLOSE by the close, %s: both sides had shut down', (_how, via) => {
  expect(ending(...found(via, [past('LAST_ACK')]))).toEqual(['acked', 'none']);
});
