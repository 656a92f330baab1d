import { detailLines } from './detail/detail-lines.ts';
import { bodyRows, pageRows, type Size } from './frame/layout.ts';
import type { Line } from './frame/line.ts';
import { type Query, type Snapshot, SORTS, type SortKey } from './frame/model.ts';
import { type Cursor, scrollTo, select, settle, TOP } from './keys/cursor.ts';
import { helpLines } from './keys/help-lines.ts';
import { type Command, commandFor, type Mode } from './keys/keymap.ts';
import type { Press } from './keys/press.ts';
import { NO_TRAITS, type Traits, withTraits } from './table/columns.ts';

/** All that the keys decide, and the frame on which they decide it. */
export type ViewState = {
  readonly snapshot: Snapshot;
  readonly size: Size;
  readonly mode: Mode;
  /** The screen on which the help was opened. */
  readonly under: 'table' | 'detail';
  readonly cursor: Cursor;
  readonly offset: number;
  readonly traits: Traits;
  readonly filter: string;
  readonly sort: SortKey;
  readonly isReversed: boolean;
  readonly detail: string | null;
  /** Number of lines of the detail or the help that are scrolled away. */
  readonly scroll: number;
  readonly isPaused: boolean;
  readonly isQuitting: boolean;
};

export type ViewEvent =
  | { readonly kind: 'frame'; readonly snapshot: Snapshot; readonly size: Size }
  | { readonly kind: 'press'; readonly press: Press }
  | { readonly kind: 'paste'; readonly text: string };

export const initialView = ({ snapshot, size }: Pick<ViewState, 'snapshot' | 'size'>): ViewState => ({
  snapshot,
  size,
  mode: 'table',
  under: 'table',
  cursor: TOP,
  offset: 0,
  traits: withTraits(NO_TRAITS, snapshot.rows),
  filter: snapshot.query.filter,
  sort: snapshot.query.sort,
  isReversed: snapshot.query.isReversed === true,
  detail: null,
  scroll: 0,
  isPaused: false,
  isQuitting: false,
});

/** @param by - 1 for the next order, -1 for the one before; each begins in its usual direction */
const sortedBy = (view: ViewState, by: 1 | -1): ViewState => ({
  ...view,
  sort: SORTS[(SORTS.indexOf(view.sort) + by + SORTS.length) % SORTS.length] ?? 'age',
  isReversed: false,
});

const LONGEST_FILTER = 200;

/** The lines that scroll: the detail, empty until the store has answered for it, or the help. */
export const contentLines = (view: ViewState): readonly Line[] => {
  const { mode, snapshot, size } = view;
  if (mode === 'help') return helpLines(size.columns);
  return snapshot.query.detail === view.detail ? detailLines(snapshot.detail, size.columns) : [];
};

const scrolledBy = (view: ViewState, lines: number): ViewState => {
  const last = Math.max(0, contentLines(view).length - bodyRows(view.size, view.snapshot.status));
  return { ...view, scroll: Math.max(0, Math.min(last, view.scroll + lines)) };
};

/** The page moves with its cursor. */
const withCursor = (view: ViewState, cursor: Cursor): ViewState => {
  const { snapshot, size } = view;
  const offset = scrollTo(view.offset, cursor.index, pageRows(size, snapshot.status), snapshot.matching);
  return { ...view, cursor, offset };
};

const movedBy = (view: ViewState, rows: number): ViewState =>
  view.mode === 'table' ? withCursor(view, select(view.cursor.index + rows, view.snapshot)) : scrolledBy(view, rows);

const filteredBy = (view: ViewState, filter: string): ViewState =>
  filter === view.filter
    ? view
    : { ...view, filter: filter.slice(0, LONGEST_FILTER), cursor: TOP, offset: 0, traits: NO_TRAITS };

const withoutLast = (text: string): string => [...text].slice(0, -1).join('');

const opened = (view: ViewState): ViewState => {
  const { cursor, snapshot } = view;
  const key = cursor.key ?? snapshot.rows[cursor.index - snapshot.query.offset]?.key;
  if (key === undefined) return view;
  // A user who opens a socket means that socket: the selection follows it from now on.
  return { ...view, mode: 'detail', detail: key, scroll: 0, cursor: { ...cursor, key, follows: true } };
};

const closed = (view: ViewState): ViewState =>
  view.mode === 'help' && view.under === 'detail'
    ? { ...view, mode: 'detail', scroll: 0 }
    : { ...view, mode: 'table', detail: null, scroll: 0 };

const obey = (view: ViewState, command: Command): ViewState => {
  const page = Math.max(1, pageRows(view.size, view.snapshot.status) - 1);
  switch (command) {
    case 'up':
      return movedBy(view, -1);
    case 'down':
      return movedBy(view, 1);
    case 'page_up':
      return movedBy(view, -page);
    case 'page_down':
      return movedBy(view, page);
    case 'top':
      return view.mode === 'table' ? withCursor(view, TOP) : { ...view, scroll: 0 };
    case 'bottom':
      return movedBy(view, Number.MAX_SAFE_INTEGER / 2);
    case 'open':
      return opened(view);
    case 'close':
      return closed(view);
    case 'filter':
      return { ...view, mode: 'filter' };
    case 'keep_filter':
      return { ...view, mode: 'table' };
    case 'clear_filter':
      return filteredBy({ ...view, mode: 'table' }, '');
    case 'erase':
      return filteredBy(view, withoutLast(view.filter));
    case 'erase_all':
      return filteredBy(view, '');
    case 'sort':
      return sortedBy(view, 1);
    case 'sort_back':
      return sortedBy(view, -1);
    case 'invert':
      return { ...view, isReversed: !view.isReversed };
    case 'pause':
      return { ...view, isPaused: !view.isPaused };
    case 'help':
      return { ...view, mode: 'help', under: view.mode === 'detail' ? 'detail' : 'table', scroll: 0 };
    case 'quit':
      return { ...view, isQuitting: true };
  }
};

const pressed = (view: ViewState, press: Press): ViewState => {
  const command = commandFor(view.mode, press);
  if (command !== undefined) return obey(view, command);
  const isCharacter = [...press].length === 1 && !/\p{Cc}/u.test(press);
  return view.mode === 'filter' && isCharacter ? filteredBy(view, view.filter + press) : view;
};

const framed = (view: ViewState, snapshot: Snapshot, size: Size): ViewState => {
  const traits = snapshot.query.filter === view.filter ? withTraits(view.traits, snapshot.rows) : view.traits;
  const next = withCursor({ ...view, snapshot, size, traits }, settle(view.cursor, snapshot));
  return next.mode === 'detail' || next.mode === 'help' ? scrolledBy(next, 0) : next;
};

/** The next state of the screen; pure, and total over every event in every mode. */
export const step = (view: ViewState, event: ViewEvent): ViewState => {
  switch (event.kind) {
    case 'frame':
      return framed(view, event.snapshot, event.size);
    case 'press':
      return pressed(view, event.press);
    case 'paste':
      return view.mode === 'filter' ? filteredBy(view, view.filter + event.text.replace(/\p{Cc}+/gu, ' ')) : view;
  }
};

/** The state's request to the store. */
export const queryOf = (view: ViewState): Query => ({
  filter: view.filter,
  sort: view.sort,
  isReversed: view.isReversed,
  limit: pageRows(view.size, view.snapshot.status),
  offset: view.offset,
  detail: view.detail,
  follow: view.cursor.follows ? view.cursor.key : null,
});
