import { expect, test } from 'vitest';
import { closed, destroyed, ending, sent, step } from '../../builders/endings.ts';
import { REASONS } from '../../builders/explain.ts';
import { ms } from '../../builders/wire-lines.ts';

test('a reset out of FIN_WAIT2 by a timer: fin_timeout', () => {
  expect(
    ending(
      closed(),
      step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
      sent(ms(99), REASONS.TCP_STATE),
      step(ms(99) + 5, 'FIN_WAIT2', 'CLOSE'),
      destroyed(ms(99) + 9),
    ),
  ).toEqual(['fin_timeout', 'peer']);
});
