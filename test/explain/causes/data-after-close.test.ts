import { expect, test } from 'vitest';
import { closed, destroyed, ending, received, sent, step } from '../../builders/endings.ts';
import { REASONS } from '../../builders/explain.ts';
import { ms } from '../../builders/wire-lines.ts';

test('data after the close fires receive_reset too, and is told by the reset that answers it', () => {
  expect(
    ending(
      closed(),
      step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
      received(ms(2)),
      step(ms(2) + 5, 'FIN_WAIT2', 'CLOSE', { err: 104 }),
      destroyed(ms(2) + 9, 104),
      sent(ms(2) + 20, REASONS.TCP_RFC9293, { answersSegment: true }),
    ),
  ).toEqual(['data_after_close', 'peer']);
});

test('data that came with the ACK of our FIN fires no receive_reset: FIN_WAIT2 ends in an answering reset', () => {
  const events = (context = {}) =>
    [
      closed(context),
      step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
      step(ms(1) + 5, 'FIN_WAIT2', 'CLOSE'),
      destroyed(ms(1) + 9),
      sent(ms(1) + 20, REASONS.TCP_RFC9293, { answersSegment: true }),
    ] as const;
  expect(ending(...events())).toEqual(['data_after_close', 'peer']);
  expect(ending(...events({ linger2: -1 }))).toEqual(['linger2', 'local']);
});
