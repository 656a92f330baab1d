import { describe, expect, test } from 'vitest';
import { traceNs } from '../../src/kernel/units.ts';
import type { Silent } from '../../src/lifecycle/baseline.ts';
import type { Snapshot } from '../../src/screen/frame/model.ts';
import { silentRow } from '../../src/screen/table/rows.ts';
import { printTop } from '../../src/screen/text.ts';
import { hostIdOf } from '../../src/stream/stream.ts';
import { aMeta } from '../builders/meta.ts';
import { decodeAll } from '../builders/track.ts';
import { inventoriedLine } from '../builders/wire-lines.ts';
import { aStatus, someRows } from './builders.ts';

const silent = (): Silent => {
  const [orphan] = decodeAll([inventoriedLine(5, { state: 'FIN_WAIT2', timer: '2 5000 0' })]);
  if (orphan?.kind !== 'inventoried') throw new Error('no inventory line');
  return { ...orphan, reading: null, progress: null, isMissed: false };
};

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

  test('shows the age of the figures in place of a drift while no event comes', () => {
    const [header = ''] = printed({ status: aStatus({ drift: 0, staleMs: 12_300 }) });
    expect(header).toContain('| as of 12.3s ago |');
    expect(header).not.toContain('drift');
  });

  test('shows neither memory nor an age that nobody knows as 0', () => {
    const vantage = { host: hostIdOf(aMeta()), now: traceNs(245e9), netns: null, evidenceAt: () => traceNs(0) };
    const [header, row] = printed({
      status: aStatus({ heldBytes: 0, heldUnknown: 1 }),
      rows: [silentRow(silent(), vantage)],
      matching: 1,
      total: 1,
    });
    expect(header).toContain('| held ? |');
    expect(row).toMatch(/^ +>4m05s FIN_WAIT2 +10\.0\.0\.1:443 > 10\.0\.0\.2:51234 - held \?, .* ~$/);
    const [partly] = printed({ status: aStatus({ heldBytes: 8192, heldUnknown: 1 }) });
    expect(partly).toContain('| held >8.0K |');
  });

  test('knows neither rates nor memory until the inventory is in', () => {
    const [header] = printed({
      status: aStatus({ orphans: null, drift: null, entriesPerSec: 0, exitsPerSec: 0, heldBytes: 0 }),
    });
    expect(header).toContain('| entries ? exits ? | held ? | counting the orphans of before |');
  });

  test('says in place of rows that none passed the filter', () => {
    const unmatched = 'no socket passed --comm orders; there were --comm nginx';
    expect(printed({ status: aStatus({ unmatched }) })[1]).toBe(`  ${unmatched}`);
    expect(printed({ status: aStatus({ unmatched }), rows: someRows(1), matching: 1, total: 1 })).toHaveLength(2);
  });

  test('does not count what a short --min-age still hides behind a page that is not full', () => {
    expect(printed({ rows: someRows(3), matching: 8, total: 8 })).toHaveLength(4);
  });
});
