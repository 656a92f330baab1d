import { describe, expect, it, test } from 'vitest';
import { finWait2End } from '../../../src/explain/deadline/fin-wait2.ts';
import { NO_DELAY } from '../../builders/deadline.ts';

const end = (change: Partial<Parameters<typeof finWait2End>[0]>) =>
  finWait2End({ sinceNs: 0, nowNs: 0, rtoMs: 204, finTimeoutMs: 60_000, linger2Ms: 0, ...change }, NO_DELAY);

describe('the end of an orphan in FIN_WAIT2', () => {
  test.each<[number, number]>([
    [30, 0],
    [60, 0],
    [61, 1],
    [90, 30],
    [120, 60],
    [150, 90],
  ])('tcp_fin_timeout %i s: an orphan for %i s', (timeout, orphan) => {
    expect(end({ finTimeoutMs: timeout * 1000 })).toMatchObject({
      atNs: orphan * 1e9,
      rule: 'fin_wait2_timewait',
    });
  });

  it('TCP_LINGER2 takes the place of tcp_fin_timeout', () => {
    expect(end({ linger2Ms: 62_000, finTimeoutMs: 120_000 })).toMatchObject({ rule: 'fin_wait2_timewait', atNs: 2e9 });
    expect(end({ linger2Ms: 5000, finTimeoutMs: 120_000 }).rule).toBe('fin_wait2_timewait');
  });

  it('a negative TCP_LINGER2 resets it at once', () => {
    expect(end({ linger2Ms: -4, finTimeoutMs: 120_000 })).toMatchObject({ rule: 'linger2', atNs: 0 });
  });

  it('three and a half icsk_rto are the least', () => {
    const { atNs, because } = end({ rtoMs: 20_000 });
    expect(atNs).toBe(10e9);
    expect(because[0]).toContain('3.5 times icsk_rto is 70 s');
  });

  it('says when it becomes a minisock, from now', () => {
    expect(end({ finTimeoutMs: 90_000, nowNs: 10e9 }).because[1]).toContain(
      'becomes a minisock in 20 s, for 30 s more',
    );
  });

  it('where no minisock took over at once, the whole time passes first', () => {
    expect(end({ nowNs: 5e9 })).toMatchObject({ rule: 'fin_timeout', atNs: 60e9 });
  });
});
