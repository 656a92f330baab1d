import { describe, expect, test } from 'vitest';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import { closed, destroyed, ending, step } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';
import { type AnnounceFields, type EvidenceFields, ms } from '../../builders/wire-lines.ts';

test('ETIMEDOUT of retransmissions under TCP_USER_TIMEOUT: that, whatever was tried', () => {
  expect(
    ending(
      closed({ userTimeoutMs: 5000 }),
      step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110, icskRetransmits: 5 }),
      destroyed(ms(9), 110),
    ),
  ).toEqual(['user_timeout', 'unknown']);
});

describe('ETIMEDOUT of window probes under TCP_USER_TIMEOUT of 2 s', () => {
  const shut = { writeSeq: 5100, sndNxt: 5000, sndWnd: 0 };
  /** Died after `lived` ms with this many unanswered probes; tcp_orphan_retries is 3. */
  const probed = (lived: number, probesOut: number, change: AnnounceFields = {}, end: EvidenceFields = {}): ClosePath =>
    pathOf([
      closed({ ...shut, pending: 3, userTimeoutMs: 2000, orphanRetries: 3, ...change }),
      step(ms(lived), 'FIN_WAIT1', 'CLOSE', { ...shut, err: 110, probesOut, ...end }),
      destroyed(ms(lived), 110),
    ]);

  test('that time cannot have passed: window_probes', () => {
    const path = probed(1500, 3);
    expect(path).toMatchObject({ ended_by: 'window_probes', side: 'unknown', certain: true });
    expect(path.because.join()).toContain('3 unanswered window probes, before TCP_USER_TIMEOUT of 2000 ms was over');
  });

  test('it may have passed, and fewer probes than tcp_orphan_retries were unanswered: user_timeout', () => {
    expect(probed(2200, 2)).toMatchObject({ ended_by: 'user_timeout', certain: true });
    expect(probed(2200, 0)).toMatchObject({ ended_by: 'user_timeout', certain: true });
  });

  test('tcp_orphan_retries of 0 counts as 8', () => {
    expect(probed(2200, 7, { orphanRetries: 0 })).toMatchObject({ ended_by: 'user_timeout', certain: true });
    expect(probed(2200, 8, { orphanRetries: 0 })).toMatchObject({ certain: false });
  });

  test('both may have been over: not certain, and both are named', () => {
    const path = probed(2200, 3);
    expect(path).toMatchObject({ ended_by: 'user_timeout', certain: false, gaps: ['cause_inferred'] });
    expect(path.because.join()).toMatch(/TCP_USER_TIMEOUT of 2000 ms, or after 3 .* \(window_probes\)/);
  });

  test('probes before the close count, by the longest a jiffy can be', () => {
    // One interval of 2 * 51 jiffies before the close: 0.4 s with HZ 250, 1 s with HZ 100.
    const before = { backoff: 1, rto: 51, rtoTimer: 1000 };
    expect(probed(1300, 3, before)).toMatchObject({ ended_by: 'user_timeout', certain: false });
    // 300 jiffies were less than 1.3 s: HZ is no less than 250.
    expect(probed(1300, 3, before, { rtoTimer: 1300 })).toMatchObject({ ended_by: 'window_probes', certain: true });
  });

  test('probes that did not leave this host are retries, if that time had not passed', () => {
    const path = probed(1500, 3, { sndWnd: 1000 }, { sndWnd: 1000 });
    expect(path).toMatchObject({ ended_by: 'retries', side: 'local' });
  });

  test('attempts that had failed to leave this host before the close count too', () => {
    const room = { sndWnd: 1000 };
    expect(probed(1500, 3, { ...room, backoff: 2, rto: 51 }, room)).toMatchObject({ certain: false });
  });
});
