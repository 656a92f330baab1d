import { WAITS } from '../../explain/causes/order.ts';
import type { WaitingFor } from '../../explain/close-path.ts';
import { thousands } from '../../text/count.ts';
import { shortAge } from '../../text/duration.ts';
import { endpointColumn } from '../../text/endpoint-column.ts';
import { asPrintable, joined, type Printable, printable, safe } from '../../text/printable.ts';
import { shortSize } from '../../text/size.ts';
import { UNKNOWN } from '../../text/unknown.ts';
import { cut, toWidth, widthOf } from '../../text/width.ts';
import type { Query, Row, SortKey } from '../frame/model.ts';
import type { Column, ColumnId } from './columns.ts';

const WAITING: ReadonlyMap<WaitingFor, Printable> = new Map(
  WAITS.map(({ name, cell }) => [name, printable(cell === null ? name : `${name}: ${cell}`)]),
);

/** The meaning of a word of `waiting_for`, the word first; `?` for `unknown`. */
export const waitingText = (waitingFor: WaitingFor): Printable => WAITING.get(waitingFor) ?? UNKNOWN;

const shortWaiting = (waitingFor: WaitingFor): Printable =>
  waitingFor === 'unknown' ? UNKNOWN : asPrintable(waitingFor);

/** Age since the close; `>` if only a lower bound is known, `?` if nothing is. */
export const ageCell = (row: Row): Printable => {
  if (row.ageMs !== null) return shortAge(row.ageMs);
  return row.atLeastMs === undefined ? UNKNOWN : safe`>${shortAge(row.atLeastMs)}`;
};

/** The screen calls a timer overdue from this many ms on. */
const OVERDUE_MS = 1000;

/**
 * Time until the kernel gives up on it, with the timer wheel's delay; `now`, then `overdue` once that time has come.
 */
const deadlineCell = ({ deadlineMs = null }: Row): Printable => {
  if (deadlineMs === null) return UNKNOWN;
  if (deadlineMs === 'never') return safe`never`;
  if (deadlineMs < -OVERDUE_MS) return safe`overdue`;
  return deadlineMs <= 0 ? safe`now` : shortAge(deadlineMs);
};

/**
 * `comm[pid]`, with `!` behind it if the process was exiting. If it is too long, the comm is cut or the pid left out; a
 * pid is never cut.
 */
export const fitCloser = (closer: Row['closer'], width: number): Printable => {
  if (closer === null) return UNKNOWN;
  const pid = safe`[${closer.pid}]${closer.exiting ? '!' : ''}`;
  const comm = printable(closer.comm);
  const room = width - widthOf(pid);
  if (room >= Math.min(widthOf(comm), 4)) return safe`${cut(comm, room)}${pid}`;
  return closer.exiting ? safe`${cut(comm, width - 1)}!` : cut(comm, width);
};

const ALIGN_RIGHT: ReadonlySet<ColumnId> = new Set(['age', 'held', 'unacked', 'unsent', 'retransmits', 'deadline']);

const value = (row: Row, { id, width }: Column): Printable => {
  switch (id) {
    case 'age':
      return ageCell(row);
    case 'state':
      return asPrintable(row.state);
    case 'local':
      return endpointColumn(printable(row.local), width);
    case 'peer':
      return endpointColumn(printable(row.peer), width);
    case 'netns':
      return row.netns === null ? safe`own` : cut(safe`${row.netns}`, width, 'start');
    case 'closer':
      return fitCloser(row.closer, width);
    case 'how':
      return row.how === undefined ? UNKNOWN : asPrintable(row.how);
    case 'held':
      return shortSize(row.heldBytes);
    case 'unacked':
      return shortSize(row.unackedBytes ?? null);
    case 'unsent':
      return shortSize(row.unsentBytes ?? null);
    case 'retransmits':
      return thousands(row.retransmits);
    case 'deadline':
      return deadlineCell(row);
    case 'waiting_for':
      return width < 20 ? shortWaiting(row.waitingFor) : waitingText(row.waitingFor);
  }
};

/** A row without its marks, exactly as wide as the sum of `columns`. */
export const rowText = (row: Row, columns: readonly Column[]): Printable =>
  joined(
    columns.map((column) => toWidth(value(row, column), column.width, ALIGN_RIGHT.has(column.id) ? 'right' : 'left')),
    ' ',
  );

/** The titles of each column, the shortest first: the longest that fits is shown. */
const TITLES = {
  age: ['AGE'],
  state: ['STATE'],
  local: ['LOCAL'],
  peer: ['PEER'],
  netns: ['NETNS'],
  closer: ['CLOSER', 'CLOSED BY'],
  how: ['HOW'],
  held: ['HELD'],
  unacked: ['UNACKED'],
  unsent: ['UNSENT'],
  retransmits: ['RET', 'RETR', 'RETRANSMITS'],
  waiting_for: ['CAUSE', 'CAUSE: WAITS FOR'],
  deadline: ['DUE', 'REAPED IN'],
} as const satisfies Readonly<Record<ColumnId, readonly [string, ...string[]]>>;

const SORTED_BY: Readonly<Record<SortKey, ColumnId>> = {
  age: 'age',
  held: 'held',
  retransmits: 'retransmits',
  state: 'state',
  peer: 'peer',
  closer: 'closer',
  cause: 'waiting_for',
  due: 'deadline',
};

/** Most first, as no word and no time to come is. */
const FALLING: ReadonlySet<SortKey> = new Set(['age', 'held', 'retransmits']);

/** `▼` where the values fall down the table, `▲` where they rise. */
export const orderMark = ({ sort, isReversed }: Pick<Query, 'sort' | 'isReversed'>): Printable =>
  FALLING.has(sort) === (isReversed !== true) ? safe`▼` : safe`▲`;

/** True for the column by which the rows are sorted. */
export const isSortedBy = ({ id }: Column, { sort }: Pick<Query, 'sort'>): boolean => SORTED_BY[sort] === id;

/** The title over a column, exactly as wide as the column, with the mark of the order over the sorted one. */
export const titleText = (column: Column, order: Pick<Query, 'sort' | 'isReversed'>): Printable => {
  const { id, width } = column;
  const mark = isSortedBy(column, order) ? orderMark(order) : safe``;
  const forms = TITLES[id];
  const title = forms.findLast((form) => form.length + mark.length <= width) ?? forms[0];
  return toWidth(safe`${title}${mark}`, width, ALIGN_RIGHT.has(id) ? 'right' : 'left');
};
