import { expect, test } from 'vitest';
import { NO_FILTER } from '../../../src/filter/table.ts';
import type { Snapshot } from '../../../src/screen/frame/model.ts';
import { createTopStore } from '../../../src/screen/store.ts';
import { emptyLines } from '../../../src/screen/table/empty-text.ts';
import { aStatus } from '../builders.ts';
import { manyOrphans } from '../many.ts';

const textOf = (snapshot: Snapshot): string =>
  emptyLines(snapshot, 80)
    .map((line) => line.map(({ text }) => text.trim()).join(''))
    .join(' ')
    .trim();

/** A store over 8 dying sockets, none of which passes. */
const filtered = (change: Partial<typeof NO_FILTER>, typed = ''): string => {
  const store = createTopStore({ sourceName: '', filter: { ...NO_FILTER, ...change }, clock: () => 0 });
  store.attach(manyOrphans(8));
  store.setQuery({ filter: typed });
  store.stop();
  expect(store.getSnapshot()).toMatchObject({ rows: [], total: 8 });
  return textOf(store.getSnapshot());
};

test('a table that the filter of the command line has emptied names it, and no key that would do nothing', () => {
  expect(filtered({ state: 'LISTEN', pid: 7 })).toBe(
    'No socket passed -p 7 --state LISTEN; there were -p 100 (comm0), 101 (comm1), 102 (comm2), 103 (comm3), 104 (comm4); --state ESTABLISHED, CLOSING, FIN_WAIT1, FIN_WAIT2, LAST_ACK. 8 sockets are dying; the filter of the command line hides them.',
  );
});

test('what was typed is told apart from it, and is what escape clears', () => {
  expect(filtered({ comm: 'comm1' }, 'zzz')).toBe(
    'No dying socket matches "zzz" and passes --comm comm1. 8 sockets are dying. esc clears the filter that was typed, / changes it.',
  );
  expect(filtered({}, 'zzz')).toContain('No dying socket matches "zzz". 8 sockets are dying. esc clears');
});

test('a hostile filter of the command line does nothing to the screen', () => {
  expect(filtered({ comm: '\u001b[2J\u202e' })).toContain('passed --comm \\x1b[2J\\u202e; there were --comm comm0,');
});

test('an empty table is no good news where a filter has let nothing through', () => {
  const unmatched = 'no socket passed --comm orders; there were --comm nginx';
  const query = { filter: '', sort: 'age', limit: 24, offset: 0, detail: null } as const;
  const empty = (change: Parameters<typeof aStatus>[0]): string =>
    textOf({ status: aStatus(change), rows: [], matching: 0, total: 0, query, detail: null });
  expect(empty({ unmatched })).toBe('No socket passed --comm orders; there were --comm nginx.');
  expect(empty({ unmatched, phase: 'ended' })).toMatch(/is over\. .* No socket passed --comm orders; there were/);
  expect(empty({})).toMatch(/^No socket is dying now\./);
});

test('an empty table is good news only where nothing ends abnormally', () => {
  const status = aStatus();
  const snapshot = {
    status,
    rows: [],
    matching: 0,
    total: 0,
    query: { filter: '', sort: 'age', limit: 24, offset: 0, detail: null } as const,
    detail: null,
  };
  expect(textOf(snapshot)).toContain('good news');
  const words = 'api[4711] resets clients with unread data: 200/s on port 8080, 800 connections in all';
  const told = textOf({ ...snapshot, status: { ...status, abnormal: [words] } });
  expect(told).toContain('connections end abnormally');
  expect(told).toContain('api[4711] resets clients with unread data: 200/s on port 8080');
  expect(told).not.toContain('good news');
});
