import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { createClosePathsCsv } from '../../src/output/close-paths-csv.ts';
import { openStream } from '../../src/stream/open-stream.ts';
import { printable } from '../../src/text/printable.ts';
import { aMeta } from '../builders/meta.ts';
import { aPath, hostileText } from '../builders/rows.ts';

/** The text that the sink writes of these paths. */
const written = async (paths: readonly ClosePath[]): Promise<string> => {
  let text = '';
  const sink = createClosePathsCsv({
    line: (line) => {
      text += `${line}\n`;
    },
    record: () => {
      throw new Error('no JSON in a CSV');
    },
    room: () => undefined,
    flush: async () => undefined,
    closed: new AbortController().signal,
  });
  sink.begin?.(openStream(aMeta(), { onEnd: () => {}, onLedger: () => {}, onNotice: () => {} }));
  for (const path of paths) sink.path?.(path);
  await sink.end?.({ fault: null, isCut: false });
  return text;
};

/** Reads RFC 4180 by its grammar: a cell without quotes is a number, true, false, or null where it is empty. */
const parsed = (text: string): readonly (readonly (string | number | boolean | null)[])[] => {
  expect(text).toMatch(/^(?:(?:"(?:[^"]|"")*"|[^",\n]*)(?:,(?:"(?:[^"]|"")*"|[^",\n]*))*\n)*$/);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) =>
      [...line.matchAll(/(?<=^|,)(?:"((?:[^"]|"")*)"|([^",]*))(?=,|$)/g)].map(([, quoted, bare]) =>
        quoted === undefined ? (bare === '' ? null : JSON.parse(bare as string)) : quoted.replaceAll('""', '"'),
      ),
    );
};

const asRecords = (text: string): readonly Readonly<Record<string, unknown>>[] => {
  const [header = [], ...rows] = parsed(text);
  return rows.map((row) => {
    expect(row.length).toBe(header.length);
    return Object.fromEntries(header.map((name, at) => [String(name), row[at]]));
  });
};

/** A text as it was before the guard against formulas. */
const bare = (cell: unknown): unknown => (typeof cell === 'string' ? cell.replace(/^'/, '') : cell);

/** The row of a close path, made without the sink. */
const expected = ({ type: _, closer, ...fields }: ClosePath): Readonly<Record<string, unknown>> => ({
  host: aMeta().host,
  ...Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? printable(value) : value]),
  ),
  closer_pid: closer?.pid ?? null,
  closer_comm: closer === null ? null : printable(closer.comm),
  closer_exiting: closer?.exiting ?? null,
  closer_exit_signal: closer?.exit_signal ?? null,
  closer_exit_status: closer?.exit_status ?? null,
});

const LISTS = ['path', 'because', 'advice', 'gaps'];

const read = (record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(record).map(([name, cell]) => [name, LISTS.includes(name) ? JSON.parse(String(cell)) : bare(cell)]),
  );

test('each field of a close path comes back, whatever a process calls itself, in one line a row', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          comm: fc.oneof(
            hostileText,
            fc.constantFrom('', '=1+1', '@x', "'=1", '-1', '+1', 'a"b', 'a,b', 'a\nb', '\t=1'),
          ),
          hasCloser: fc.boolean(),
          dying: fc.option(fc.integer({ min: 0 })),
        }),
        { maxLength: 4 },
      ),
      async (draws) => {
        const paths = draws.map(({ comm, hasCloser, dying }) =>
          aPath({
            dying_us: dying,
            closer: hasCloser ? { pid: 7, comm, exiting: false, exit_signal: null, exit_status: null } : null,
          }),
        );
        const text = await written(paths);
        expect(text.split('\n').length).toBe(paths.length + 2);
        expect(asRecords(text).map(read)).toEqual(paths.map(expected));
      },
    ),
  );
});

test.for(['=cmd|calc', '+1', '-1', '@SUM(A1)', '\t=1', '＝1'])('%j is no formula to a spreadsheet', async (comm) => {
  const closer = { pid: 7, comm, exiting: false, exit_signal: null, exit_status: null };
  const [row] = asRecords(await written([aPath({ closer })]));
  expect(String(row?.['closer_comm'])).toMatch(/^['\\]/);
});

test('a recording without a close path gives the header alone', async () => {
  expect(await written([])).toMatch(/^"host","sk",.*"gaps"\n$/);
});
