import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../src/views/top/model.ts';
import { printTop } from '../../../src/views/top/text.ts';
import { aStatus, someRows } from './builders.ts';

const printed = (change: Partial<Snapshot>): readonly string[] => {
  const lines: string[] = [];
  const query = { filter: '', sort: 'age', limit: 24, offset: 0, detail: null } as const;
  printTop({ status: aStatus(), rows: [], matching: 0, total: 0, query, detail: null, ...change }, (line) =>
    lines.push(line),
  );
  return lines;
};

describe('the text of top', () => {
  test('tells how many more there are of those that pass the filter, not of all', () => {
    expect(printed({ rows: someRows(3), matching: 3, total: 1000 })).toHaveLength(4);
    expect(printed({ rows: someRows(24), matching: 1013, total: 5000 }).slice(10)).toEqual([
      expect.stringContaining('192.0.2.7:50009'),
      '  … and 1,003 more',
    ]);
    expect(printed({ rows: someRows(10), matching: 10, total: 1000 })).toHaveLength(11);
  });

  test('does not count what a short --min-age still hides behind a page that is not full', () => {
    expect(printed({ rows: someRows(3), matching: 8, total: 8 })).toHaveLength(4);
  });
});
