import { expect, test } from 'vitest';
import { finTimeOf, orphanedInFinWait2Ms } from '../../../src/explain/kernel/fin-time.ts';

test('the time in FIN_WAIT2 is TCP_LINGER2 or tcp_fin_timeout, and at least 3.5 times icsk_rto', () => {
  expect(finTimeOf(204, 60_000, 0)).toMatchObject({ ms: 60_000, setting: 'tcp_fin_timeout' });
  expect(finTimeOf(204, 60_000, 62_000)).toMatchObject({ ms: 62_000, setting: 'TCP_LINGER2' });
  expect(finTimeOf(20_000, 60_000, 0)).toMatchObject({ ms: 70_000, leastMs: 70_000, setMs: 60_000 });
});

test('a full sock is an orphan only for what is above 60 s', () => {
  expect([30_000, 60_000, 61_000].map(orphanedInFinWait2Ms)).toEqual([0, 0, 1000]);
});
