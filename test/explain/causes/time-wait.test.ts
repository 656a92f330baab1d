import { describe, expect, test } from 'vitest';
import { SOCK } from '../../../src/wire/evidence.ts';
import { closed, destroyed, ending, FINDS, found, past, step } from '../../builders/endings.ts';
import { ms } from '../../builders/wire-lines.ts';

test('CLOSING to CLOSE: TIME_WAIT took over', () => {
  expect(
    ending(closed(), step(ms(1), 'FIN_WAIT1', 'CLOSING'), step(ms(2), 'CLOSING', 'CLOSE'), destroyed(ms(2))),
  ).toEqual(['time_wait', 'none']);
});

test('FIN_WAIT2 to CLOSE with the peer’s FIN: TIME_WAIT took over', () => {
  expect(
    ending(
      closed(),
      step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
      step(ms(2), 'FIN_WAIT2', 'CLOSE', { flags: SOCK.DEAD | SOCK.DONE }),
      destroyed(ms(2)),
    ),
  ).toEqual(['time_wait', 'none']);
});

describe.each(FINDS)('found in CLOSE by the close, %s', (_how, via) => {
  test.each(['CLOSING', 'FIN_WAIT2'] as const)('both sides had shut down, the last from %s', (from) => {
    expect(ending(...found(via, [past(from)]))).toEqual(['time_wait', 'none']);
  });
});
