import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SORTS, type SortKey } from '../../../src/screen/frame/model.ts';
import { fitCloser, rowText, titleText } from '../../../src/screen/table/cells.ts';
import { columnsFor, MARKS, NO_TRAITS, type Traits, withTraits } from '../../../src/screen/table/columns.ts';
import { widthOf } from '../../../src/text/width.ts';
import { aRow, someRows } from '../builders.ts';

const ids = (width: number, traits: Traits = NO_TRAITS): readonly string[] =>
  columnsFor(width, traits).map(({ id }) => id);

const anyTraits: fc.Arbitrary<Traits> = fc.record({
  netns: fc.boolean(),
  ipv6: fc.boolean(),
  how: fc.boolean(),
  queues: fc.boolean(),
});

it('80 columns show all the figures of a socket', () => {
  expect(ids(80)).toEqual([
    'age',
    'state',
    'local',
    'peer',
    'closer',
    'held',
    'retransmits',
    'waiting_for',
    'deadline',
  ]);
});

it('80 columns have room for the network namespace when some row needs it', () => {
  const columns = columnsFor(80, { ...NO_TRAITS, netns: true });
  expect(columns.map(({ id }) => id)).toContain('netns');
  expect(rowText(aRow({ peer: '10.120.31.17:51234' }), columns)).toContain('10.120.31.17:51234');
});

it('60 columns keep who closed it, and give up the namespace; peers of one network stay apart', () => {
  const columns = columnsFor(60, { ...NO_TRAITS, netns: true });
  expect(columns.map(({ id }) => id)).toEqual(['age', 'state', 'peer', 'closer', 'waiting_for', 'deadline']);
  const rows = ['10.120.31.17:51234', '10.120.31.18:51234'].map((peer) => rowText(aRow({ peer }), columns));
  expect(rows).toEqual([expect.stringContaining('…31.17:51234 nginx'), expect.stringContaining('…31.18:51234 nginx')]);
});

it('40 columns have who and why, and 45 until when', () => {
  for (const traits of [NO_TRAITS, { ...NO_TRAITS, netns: true }]) {
    expect(ids(40, traits)).toEqual(['age', 'peer', 'closer', 'waiting_for']);
    expect(ids(45, traits)).toEqual(['age', 'peer', 'closer', 'waiting_for', 'deadline']);
  }
});

it('the longest IPv4 peer is whole at 90 columns, a usual one at 80, IPv6 ones at 200', () => {
  const ipv4 = '255.255.255.255:65535';
  expect(rowText(aRow({ peer: ipv4 }), columnsFor(90, NO_TRAITS))).toContain(ipv4);
  expect(rowText(aRow({ peer: '10.120.31.17:51234' }), columnsFor(80, NO_TRAITS))).toContain('10.120.31.17:51234');
  const ipv6 = '[2001:db8:85a3:1234:5678:8a2e:370:7334]:65535';
  const rows = [aRow({ peer: ipv6 })];
  expect(rowText(aRow({ peer: ipv6 }), columnsFor(200, withTraits(NO_TRAITS, rows)))).toContain(ipv6);
});

it('at 200 columns how a socket was closed and its queues are shown when the rows have them', () => {
  const traits = withTraits(NO_TRAITS, [aRow({ how: 'exit', unackedBytes: 1448 })]);
  expect(ids(200, traits)).toEqual(expect.arrayContaining(['how', 'unacked', 'unsent']));
  expect(ids(200)).not.toContain('how');
});

it('no table is wider than its terminal, and every line as wide as its columns', () => {
  fc.assert(
    fc.property(fc.integer({ min: 40, max: 300 }), anyTraits, fc.string({ unit: 'binary' }), (width, traits, comm) => {
      const columns = columnsFor(width, traits);
      const row = rowText(aRow({ closer: { comm, pid: 4_194_304, exiting: true } }), columns);
      const wide = columns.reduce((sum, column) => sum + column.width + 1, -1);
      expect(MARKS + wide).toBeLessThanOrEqual(width);
      expect(widthOf(row)).toBe(wide);
      for (const sort of SORTS) {
        const titles = columns.map((column) => titleText(column, { sort, isReversed: true }));
        expect(widthOf(titles.join(' '))).toBe(wide);
      }
    }),
  );
});

it('a wider terminal never shows less', () => {
  fc.assert(
    fc.property(fc.integer({ min: 40, max: 300 }), anyTraits, (width, traits) => {
      const wider = new Map(columnsFor(width + 1, traits).map((column) => [column.id, column.width]));
      for (const column of columnsFor(width, traits)) {
        expect(wider.get(column.id) ?? 0).toBeGreaterThanOrEqual(column.width);
      }
    }),
  );
});

it('what a row once widened stays wide', () => {
  const seen = withTraits(NO_TRAITS, [aRow({ netns: 4_026_532_281 })]);
  expect(withTraits(seen, someRows(3))).toBe(seen);
});

it('the sorted column has a mark, at every width, that says whether its values fall or rise', () => {
  const title = (width: number, sort: SortKey, isReversed?: boolean): string =>
    columnsFor(width, NO_TRAITS)
      .map((column) => titleText(column, { sort, ...(isReversed !== undefined && { isReversed }) }).trim())
      .join(' ');
  expect(title(80, 'age')).toBe('AGE▼ STATE LOCAL PEER CLOSER HELD RETR CAUSE DUE');
  expect(title(80, 'age', true)).toBe('AGE▲ STATE LOCAL PEER CLOSER HELD RETR CAUSE DUE');
  expect(title(80, 'retransmits')).toContain('RET▼');
  expect(title(200, 'retransmits')).toContain('RETR▼');
  for (const width of [46, 60, 80, 200]) {
    expect(title(width, 'due')).toContain('DUE▲');
    expect(title(width, 'due', true)).toContain('DUE▼');
    expect(title(width, 'cause')).toMatch(/CAUSE(: WAITS FOR)?▲/);
    expect(title(width, 'peer')).toContain('PEER▲');
  }
});

it('a pid is never cut in two', () => {
  expect(fitCloser({ comm: 'python3', pid: 4242, exiting: true }, 12)).toBe('pyth…[4242]!');
  expect(fitCloser({ comm: 'python3', pid: 4_194_304, exiting: true }, 8)).toBe('python3!');
  expect(fitCloser(null, 8)).toBe('?');
});

it('the age of a baseline orphan is a bound, or unknown, never a figure', () => {
  const columns = columnsFor(80, NO_TRAITS);
  expect(rowText(aRow({ ageMs: null, atLeastMs: 245_000 }), columns)).toMatch(/^>4m05s /);
  expect(rowText(aRow({ ageMs: null }), columns)).toMatch(/^ {5}\? /);
  expect(rowText(aRow({ heldBytes: null, closer: null }), columns)).toMatch(/ \? .* \? /);
});
