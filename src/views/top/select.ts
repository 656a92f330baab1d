import type { Row, SortKey } from './model.ts';

/** Whether every word of the filter occurs somewhere in the row, in either case. */
export const matches = (row: Row, filter: string): boolean => {
  if (filter === '') return true;
  const closer = row.closer === null ? '' : `${row.closer.comm}[${row.closer.pid}]`;
  const text = `${row.state} ${row.local} ${row.peer} ${row.netns ?? ''} ${closer} ${row.waitingFor}`.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
};

/** An order of rows: oldest, largest, most first; names from a to z. Equal rows keep their order, oldest first. */
export const compareRows = (key: SortKey): ((a: Row, b: Row) => number) => {
  const number = (of: (row: Row) => number) => (a: Row, b: Row) => of(b) - of(a);
  const text = (of: (row: Row) => string) => (a: Row, b: Row) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0);
  switch (key) {
    case 'age':
      // Older than the capture is older than anything in it; two of them are equal, not NaN.
      return number((row) => row.ageMs ?? Number.MAX_VALUE);
    case 'held':
      return number((row) => row.heldBytes ?? -1);
    case 'retransmits':
      return number((row) => row.retransmits);
    case 'state':
      return text((row) => row.state);
    case 'peer':
      return text((row) => row.peer);
    case 'closer':
      return text((row) => row.closer?.comm ?? '');
  }
};
