import { expect, it } from 'vitest';
import { faultsOfKills, type Kills } from '../../scripts/kernels/kills.ts';
import type { AbnormalDeaths } from '../../src/explain/abnormal.ts';
import type { ClosePath } from '../../src/explain/close-path.ts';

const kills: Kills = { port: 8080, pid: 7, closed: 60, killed: 60 };
const named: AbnormalDeaths = {
  ended_by: 'orphan_limit',
  side: 'limit',
  comm: 'python3',
  pid: 7,
  port: 8080,
  by_minisock: false,
  raddr: null,
  count: 60,
  per_second: 30,
  sampled: 20,
};
const row = {
  rport: 8080,
  ended_by: 'orphan_limit',
  closed_in: 'ESTABLISHED',
  closer: { pid: 7 },
  dying_us: 900,
} as ClosePath;
const rows = Array.from({ length: 20 }, () => row);

it('kills at the limit are right where process, port, count, rate and samples are', () => {
  expect(faultsOfKills(kills, [named], rows, 0)).toEqual([]);
});

it.each([
  ['nobody', []],
  ['another process', [{ ...named, comm: 'ss', pid: 9 }]],
  ['another kind', [{ ...named, ended_by: 'unknown' as const }]],
  ['fewer', [{ ...named, count: 58 }]],
  ['no rate', [{ ...named, per_second: null }]],
  ['other samples', [{ ...named, sampled: 3 }]],
])('they are wrong where they are counted for %s', (_what, abnormal) => {
  expect(faultsOfKills(kills, abnormal, rows, 0)).not.toEqual([]);
});

it('one that was told of for its age is no sample, and may be none', () => {
  const old = { ...row, dying_us: 20_000 };
  expect(faultsOfKills(kills, [named], [...rows, old], 0)).toEqual([]);
  expect(faultsOfKills(kills, [named], [...rows, row], 0)).toHaveLength(1);
});

it('they are wrong where a row of them is unknown, and where the kernel killed few', () => {
  expect(faultsOfKills(kills, [named], [...rows, { ...row, ended_by: 'unknown' }], 0)).toHaveLength(1);
  expect(faultsOfKills({ ...kills, killed: 0 }, [{ ...named, count: 0 }], rows, 0)).not.toEqual([]);
});
