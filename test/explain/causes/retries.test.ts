import { describe, expect, test } from 'vitest';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import { closed, destroyed, ending, step } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';
import { ms, retransmitLine } from '../../builders/wire-lines.ts';

test('ETIMEDOUT after retransmission timeouts: retries', () => {
  expect(
    ending(
      closed(),
      step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110, icskRetransmits: 9, rto: 51 << 9 }),
      destroyed(ms(9), 110),
    ),
  ).toEqual(['retries', 'unknown']);
});

test('retransmission timeouts that did not double, and none of which was traced: this host dropped them', () => {
  const told = pathOf([
    closed(),
    step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110, icskRetransmits: 9, rto: 51 }),
    destroyed(ms(9), 110),
  ]);
  expect(told).toMatchObject({ ended_by: 'retries', side: 'local' });
  expect(told.because.join()).toContain('did not leave this host');
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

describe('a soft error that tcp_write_err made the errno is a timeout like ETIMEDOUT', () => {
  /** Three timeouts since the announcement, so many of whose retransmissions left this host. */
  const after = (left: number): ClosePath =>
    pathOf([
      closed(),
      ...Array.from({ length: left }, (_, i) => retransmitLine({ at: ms(i + 1), icskRetransmits: i + 1 })),
      step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 113, errSoft: 113, icskRetransmits: 3 }),
      destroyed(ms(9), 113),
    ]);

  test.each([
    [3, 'network', 'an ICMP error had told before: every retransmission left this host'],
    // A tail loss probe came before.
    [4, 'network', 'every retransmission left this host'],
    [1, 'local', 'it has lost its own route'],
    [0, 'local', 'it has lost its own route'],
    // The kernel may have skipped a probe.
    [2, 'unknown', "which an ICMP error had told before, or the loss of this host's own route"],
  ] as const)('after 3 timeouts and %i retransmissions: %s', (left, side, because) => {
    const told = after(left);
    expect(told).toMatchObject({ ended_by: 'retries', side });
    expect(told.because.join()).toContain(because);
    expect(told.advice.join().includes("this host's own way out")).toBe(side === 'local');
  });

  test('retransmissions from before the announcement count for neither', () => {
    const told = pathOf([
      closed({ icskRetransmits: 5 }),
      retransmitLine({ at: ms(2), icskRetransmits: 6 }),
      step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 101, errSoft: 101, icskRetransmits: 6 }),
      destroyed(ms(9), 101),
    ]);
    expect(told.side).toBe('network');
  });
});

test('a peer that took back its window while data was in flight was there: its side', () => {
  const inFlight = { writeSeq: 3001, sndNxt: 3001, sndUna: 1000, icskRetransmits: 4, rto: 51 << 4, err: 110 } as const;
  const told = (sndWnd: number): ClosePath =>
    pathOf([closed(), step(ms(9), 'FIN_WAIT1', 'CLOSE', { ...inFlight, sndWnd }), destroyed(ms(9), 110)]);
  expect(told(0)).toMatchObject({ ended_by: 'retries', side: 'peer' });
  expect(told(0).because.join()).toContain('the last window that it told was 0');
  expect(told(0).advice.join()).toContain('does not read');
  expect(told(1)).toMatchObject({ ended_by: 'retries', side: 'unknown' });
});

test('ETIMEDOUT of which nothing was tried is unknown', () => {
  expect(ending(closed(), step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110 }), destroyed(ms(9), 110))).toEqual([
    'unknown',
    'unknown',
  ]);
});
