import { expect, test } from 'vitest';
import { closed, destroyed, ending, step } from '../../builders/endings.ts';
import { ms, sec } from '../../builders/wire-lines.ts';

test('ETIMEDOUT after window probes that were not answered: whether peer or path, nobody knows', () => {
  expect(
    ending(
      closed(),
      step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110, probesOut: 8, writeSeq: 5100, sndNxt: 5000, sndWnd: 0 }),
      destroyed(ms(9), 110),
    ),
  ).toEqual(['window_probes', 'unknown']);
});

test('ETIMEDOUT after window probes that were answered: the peer', () => {
  expect(
    ending(
      closed({ pending: 3, backoff: 1, writeSeq: 5100, sndNxt: 5000, sndWnd: 0 }),
      step(sec(330), 'FIN_WAIT1', 'CLOSE', { err: 110, probesOut: 0, writeSeq: 5101, sndNxt: 5000, sndWnd: 0 }),
      destroyed(sec(330), 110),
    ),
  ).toEqual(['window_probes', 'peer']);
});

test('ETIMEDOUT after window probes, unreachable: ICMP or the loss of the own route, nobody knows', () => {
  expect(
    ending(
      closed(),
      step(ms(9), 'FIN_WAIT1', 'CLOSE', {
        err: 113,
        errSoft: 113,
        probesOut: 8,
        writeSeq: 5100,
        sndNxt: 5000,
        sndWnd: 0,
      }),
      destroyed(ms(9), 113),
    ),
  ).toEqual(['window_probes', 'unknown']);
});
