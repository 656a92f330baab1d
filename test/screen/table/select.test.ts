import { describe, expect, test } from 'vitest';
import type { Row, SortKey } from '../../../src/screen/frame/model.ts';
import { compareRows, matches } from '../../../src/screen/table/select.ts';
import { aRow } from '../builders.ts';

const closer = (comm: string) => ({ comm, pid: 1, exiting: false });
const order = (key: SortKey, ...rows: readonly Partial<Row>[]): readonly string[] =>
  rows
    .map((row, i) => aRow({ ...row, key: String(i) }))
    .toSorted(compareRows(key))
    .map((row) => row.key);

describe('a filter of the screen', () => {
  const row = aRow({
    state: 'FIN_WAIT1',
    peer: '192.0.2.7:51234',
    closer: { comm: 'nginx', pid: 4242, exiting: false },
  });

  test.each(['', 'nginx', 'NGINX', 'fin_wait1', '192.0.2.7', '4242', ':51234', 'nginx[4242]', 'ack', '  nginx  192 '])(
    'matches %j',
    (filter) => {
      expect(matches(row, filter)).toBe(true);
    },
  );

  test.each(['apache', 'nginx apache', '4243', 'last_ack'])('does not match %j', (filter) => {
    expect(matches(row, filter)).toBe(false);
  });

  test('of a row without a closer looks at the rest', () => {
    expect(matches(aRow({ closer: null }), 'fin_wait1')).toBe(true);
    expect(matches(aRow({ closer: null }), 'nginx')).toBe(false);
  });
});

describe('rows are ordered', () => {
  test('by age, oldest first, the baseline before all', () => {
    expect(order('age', { ageMs: 5 }, { ageMs: null }, { ageMs: 9 }, { ageMs: null })).toEqual(['1', '3', '2', '0']);
  });

  test('by memory held, most first, unknown last', () => {
    expect(order('held', { heldBytes: null }, { heldBytes: 0 }, { heldBytes: 9 })).toEqual(['2', '1', '0']);
  });

  test('by retransmits, most first', () => {
    expect(order('retransmits', { retransmits: 1 }, { retransmits: 3 }, { retransmits: 2 })).toEqual(['1', '2', '0']);
  });

  test.each<[SortKey, (value: string) => Partial<Row>]>([
    ['state', (state) => ({ state: state as Row['state'] })],
    ['peer', (peer) => ({ peer })],
    ['closer', (comm) => ({ closer: closer(comm) })],
  ])('by %s from a to z', (key, row) => {
    expect(order(key, row('b'), row('c'), row('a'))).toEqual(['2', '0', '1']);
  });

  test('equal ones as they were', () => {
    for (const key of ['age', 'held', 'retransmits', 'state', 'peer', 'closer'] as const) {
      expect(order(key, {}, {}, {})).toEqual(['0', '1', '2']);
    }
  });
});
