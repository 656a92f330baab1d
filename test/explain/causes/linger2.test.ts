import { expect, test } from 'vitest';
import { closed, destroyed, ending, sent, step } from '../../builders/endings.ts';
import { REASONS } from '../../builders/explain.ts';
import { ms } from '../../builders/wire-lines.ts';

test('a reset by reason TCP_ABORT_ON_LINGER: TCP_LINGER2', () => {
  expect(
    ending(
      closed({}, 'FIN_WAIT2', 'FIN_WAIT2'),
      step(ms(1), 'FIN_WAIT2', 'CLOSE', { own: true }),
      sent(ms(1) + 5, REASONS.TCP_ABORT_ON_LINGER),
      destroyed(ms(2)),
    ),
  ).toEqual(['linger2', 'local']);
});

test('a reset out of FIN_WAIT2 under a negative TCP_LINGER2 is that, also where the kernel gives no reason', () => {
  expect(
    ending(
      closed({ linger2: -1 }),
      step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
      step(ms(1) + 5, 'FIN_WAIT2', 'CLOSE'),
      destroyed(ms(1) + 9),
      sent(ms(1) + 20, null, { answersSegment: true }),
    ),
  ).toEqual(['linger2', 'local']);
});
