import { expect, test } from 'vitest';
import { ABORTS, abort, closed, destroyed, ending, FINDS, found, past, sent, step } from '../../builders/endings.ts';
import { REASONS } from '../../builders/explain.ts';
import { ms } from '../../builders/wire-lines.ts';

test('ECONNABORTED: killed by ss -K', () => {
  expect(
    ending(
      closed(),
      sent(ms(9), REASONS.TCP_STATE),
      step(ms(9) + 5, 'FIN_WAIT1', 'CLOSE', { err: 103, own: true }),
      destroyed(ms(9) + 9, 103),
    ),
  ).toEqual(['killed', 'operator']);
});

test.each(FINDS)('found in CLOSE by the close, %s: it had been killed', (_how, via) => {
  expect(ending(...found(via, [past('ESTABLISHED', { err: 103, own: true })], 103))).toEqual(['killed', 'operator']);
});

test.each(ABORTS)('an error that close() itself sets, without a reset, is TCP_REPAIR: no kill (%s)', (_how, via) => {
  expect(ending(...abort(via, 'ESTABLISHED').slice(0, -1), destroyed(ms(9), 103))).toEqual(['unknown', 'local']);
});
