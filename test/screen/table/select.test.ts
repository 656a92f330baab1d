import { describe, expect, test } from 'vitest';
import { type Row, SORTS, type SortKey } from '../../../src/screen/frame/model.ts';
import { compareRows, matches } from '../../../src/screen/table/select.ts';
import { aRow } from '../builders.ts';

const closer = (comm: string) => ({ comm, pid: 1, exiting: false });
const order = (key: SortKey, ...rows: readonly Partial<Row>[]): readonly string[] => ordered(key, false, rows);
const ordered = (key: SortKey, isReversed: boolean, rows: readonly Partial<Row>[]): readonly string[] =>
  rows
    .map((row, i) => aRow({ ...row, key: String(i) }))
    .toSorted(compareRows(key, isReversed))
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

  test.each(['!apache', 'nginx !last_ack', '! nginx', 'nginx !', '!4243'])('matches %j', (filter) => {
    expect(matches(row, filter)).toBe(true);
  });

  test.each(['!nginx', '!NGINX', 'nginx !ack', '!fin_wait1', '!:51234'])('does not match %j', (filter) => {
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

  test('by cause from a to z, unknown last', () => {
    const waits = (waitingFor: Row['waitingFor']): Partial<Row> => ({ waitingFor });
    const rows = [waits('window'), waits('unknown'), waits('ack'), waits('window'), waits('peer_fin')];
    expect(ordered('cause', false, rows)).toEqual(['2', '4', '0', '3', '1']);
    expect(ordered('cause', true, rows)).toEqual(['0', '3', '4', '2', '1']);
  });

  test('by their end, overdue and soonest first, then those that never end, unknown last', () => {
    const rows: readonly Partial<Row>[] = [
      { deadlineMs: 'never' },
      {},
      { deadlineMs: 5000 },
      { deadlineMs: null },
      { deadlineMs: -1 },
      { deadlineMs: 60_000 },
    ];
    expect(ordered('due', false, rows)).toEqual(['4', '2', '5', '0', '1', '3']);
    expect(ordered('due', true, rows)).toEqual(['0', '5', '2', '4', '1', '3']);
  });

  test('the other way round, unknown still last', () => {
    expect(ordered('age', true, [{ ageMs: 5 }, { ageMs: null }, { ageMs: 9 }])).toEqual(['0', '2', '1']);
    expect(ordered('held', true, [{ heldBytes: null }, { heldBytes: 0 }, { heldBytes: 9 }])).toEqual(['1', '2', '0']);
    expect(ordered('closer', true, [{ closer: null }, { closer: closer('a') }, { closer: closer('b') }])).toEqual([
      '2',
      '1',
      '0',
    ]);
  });

  test('equal ones as they were', () => {
    for (const key of SORTS) {
      expect(order(key, {}, {}, {})).toEqual(['0', '1', '2']);
      expect(ordered(key, true, [{}, {}, {}])).toEqual(['0', '1', '2']);
    }
  });
});
