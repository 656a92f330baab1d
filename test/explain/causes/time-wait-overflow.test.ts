import { describe, expect, test } from 'vitest';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import { SOCK } from '../../../src/wire/evidence.ts';
import { closed, step } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';
import { destroyLine, type EvidenceFields, ms, us } from '../../builders/wire-lines.ts';

const ALL_ACKED = { writeSeq: 5000, sndUna: 5000 } as const;
const died = (from: 'FIN_WAIT2' | 'CLOSING', tw: number, change: EvidenceFields = {}): ClosePath =>
  pathOf([
    closed(),
    step(ms(1), 'FIN_WAIT1', from, ALL_ACKED),
    step(ms(1) + us(5), from, 'CLOSE', { ...ALL_ACKED, ...change }),
    destroyLine({ at: ms(2), tw, err: change.err ?? 0 }),
  ]);

describe.each([
  ['FIN_WAIT2', {}, 'fin_wait2_timewait'],
  ['FIN_WAIT2', { flags: SOCK.DEAD | SOCK.DONE }, 'time_wait'],
  ['CLOSING', {}, 'time_wait'],
] as const)('silent out of %s (%o)', (from, change, handedTo) => {
  test('with tcp_max_tw_buckets of 0 no minisock took over', () => {
    const told = died(from, 2, change);
    expect(told).toMatchObject({ ended_by: 'time_wait_overflow', side: 'limit', certain: true });
    expect(told.because.join()).toContain('tcp_max_tw_buckets');
    expect(told.advice.join()).toContain('TcpExtTCPTimeWaitOverflow');
  });

  test('with that limit reached it took the last place, or none was made: undecided', () => {
    expect(died(from, 1, change)).toMatchObject({ ended_by: 'unknown', side: 'limit', certain: false });
  });

  test('with places left it took over', () => {
    expect(died(from, 0, change).ended_by).toBe(handedTo);
  });

  test('an end with an error is another', () => {
    expect(died(from, 2, { ...change, err: 103 }).ended_by).toBe('killed');
  });
});
