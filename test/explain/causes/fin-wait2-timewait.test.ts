import { expect, test } from 'vitest';
import { closed, destroyed, ending, step } from '../../builders/endings.ts';
import { ms } from '../../builders/wire-lines.ts';

test('FIN_WAIT2 to CLOSE without it: handed to a FIN_WAIT2 minisock', () => {
  expect(
    ending(closed(), step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'), step(ms(1) + 5, 'FIN_WAIT2', 'CLOSE'), destroyed(ms(2))),
  ).toEqual(['fin_wait2_timewait', 'peer']);
});
