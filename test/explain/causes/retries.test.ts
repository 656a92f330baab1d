import { expect, test } from 'vitest';
import { closed, destroyed, ending, step } from '../../builders/endings.ts';
import { ms } from '../../builders/wire-lines.ts';

test('ETIMEDOUT after retransmission timeouts: retries', () => {
  expect(
    ending(closed(), step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110, icskRetransmits: 9 }), destroyed(ms(9), 110)),
  ).toEqual(['retries', 'unknown']);
});

test('ETIMEDOUT after probes into a window that had room: they never left this host', () => {
  expect(
    ending(
      closed(),
      step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110, probesOut: 8, writeSeq: 5100, sndNxt: 5000, sndWnd: 1000 }),
      destroyed(ms(9), 110),
    ),
  ).toEqual(['retries', 'local']);
});

test('a soft error that tcp_write_err made the errno is a timeout like ETIMEDOUT, and kept by the network', () => {
  expect(
    ending(
      closed(),
      step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 113, errSoft: 113, icskRetransmits: 9 }),
      destroyed(ms(9), 113),
    ),
  ).toEqual(['retries', 'network']);
});

test('ETIMEDOUT of which nothing was tried is unknown', () => {
  expect(ending(closed(), step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110 }), destroyed(ms(9), 110))).toEqual([
    'unknown',
    'unknown',
  ]);
});
