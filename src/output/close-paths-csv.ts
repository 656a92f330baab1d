import { stringify } from 'csv-stringify/sync';
import type { ClosePath } from '../explain/close-path.ts';
import type { Sink } from '../stream/sink.ts';
import { printable } from '../text/printable.ts';
import { asciiJson } from '../wire/ascii-json.ts';
import { flowOf, type Output } from './stdout.ts';

type Cell = string | number | boolean | null;
type Field = Exclude<keyof ClosePath, 'type'>;

/** Each field of a row, in the order of the columns: one cell, or one for each of its parts. */
const FIELDS: Readonly<Record<Field, 'cell' | 'json' | readonly (keyof NonNullable<ClosePath['closer']>)[]>> = {
  sk: 'cell',
  generation: 'cell',
  cookie: 'cell',
  netns: 'cell',
  family: 'cell',
  laddr: 'cell',
  lport: 'cell',
  raddr: 'cell',
  rport: 'cell',
  uid: 'cell',
  cgroup_id: 'cell',
  closer: ['pid', 'comm', 'exiting', 'exit_signal', 'exit_status'],
  closed_at: 'cell',
  closed_in: 'cell',
  state: 'cell',
  how: 'cell',
  closed_first: 'cell',
  path: 'json',
  orphan_us: 'cell',
  dying_us: 'cell',
  dying_at_least_us: 'cell',
  unread_bytes: 'cell',
  unacked_bytes: 'cell',
  unsent_bytes: 'cell',
  held_bytes: 'cell',
  lost_bytes: 'cell',
  retransmits: 'cell',
  probes: 'cell',
  waiting_for: 'cell',
  ended_by: 'cell',
  side: 'cell',
  because: 'json',
  advice: 'json',
  certain: 'cell',
  gaps: 'json',
};

const HEADER: readonly string[] = [
  'host',
  ...Object.entries(FIELDS).flatMap(([name, kind]) =>
    typeof kind === 'string' ? [name] : kind.map((part) => `${name}_${part}`),
  ),
];

/** A spreadsheet takes a text that begins with one of these for a formula. @see OWASP, CSV Injection */
const FORMULA = /^[=+\-@\t\r＝＋－＠']/;

/**
 * An apostrophe makes a spreadsheet take a formula for text. A text that begins with one gets one more: take one away.
 */
const guarded = (text: string): string => {
  const safe = printable(text);
  return FORMULA.test(safe) ? `'${safe}` : safe;
};

const cellOf = (value: string | number | boolean | object | null): Cell => {
  if (typeof value === 'object' && value !== null) return guarded(asciiJson(value));
  return typeof value === 'string' ? guarded(value) : value;
};

const rowOf = (host: string, path: ClosePath): readonly Cell[] => [
  guarded(host),
  ...Object.entries(FIELDS).flatMap(([name, kind]) => {
    if (typeof kind === 'string') return [cellOf(path[name as Field])];
    const { closer } = path;
    return kind.map((part) => (closer === null ? null : cellOf(closer[part])));
  }),
];

/** Texts are quoted, and nothing else: an empty cell is unknown, an empty text is `""`. No text has a line break. */
const linesOf = (rows: readonly (readonly Cell[])[]): readonly string[] =>
  stringify([...rows], {
    eof: false,
    quoted_string: true,
    cast: { boolean: (is) => ({ value: String(is), quoted: false }) },
  }).split('\n');

/** `export --to csv`: one row a close path, by RFC 4180. Sockets that still are dying come last, without `ended_by`. */
export const createClosePathsCsv = (output: Output): Sink => {
  let host = '';
  let rows: (readonly Cell[])[] = [];
  let isScheduled = false;
  // One call for all rows of a turn: a call for each takes ten times as long.
  const give = (): void => {
    isScheduled = false;
    if (rows.length === 0) return;
    for (const line of linesOf(rows)) output.line(printable(line));
    rows = [];
  };
  const { end, ...flow } = flowOf(output);
  return {
    ...flow,
    begin: ({ meta }) => {
      host = meta.host;
      rows.push(HEADER);
      give();
    },
    path: (path) => {
      rows.push(rowOf(host, path));
      if (rows.length >= 1000) give();
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(give);
    },
    end: async (how) => {
      give();
      await end(how);
    },
  };
};
