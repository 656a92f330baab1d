import type { Status } from './model.ts';

export type Size = { readonly columns: number; readonly rows: number };

/** On a smaller terminal nothing sensible fits. */
export const LEAST: Size = { columns: 40, rows: 8 };

export const isTooSmall = ({ columns, rows }: Size): boolean => columns < LEAST.columns || rows < LEAST.rows;

/** From this many rows on, the notice has a line of its own even if it is empty, so that a new notice moves nothing. */
const ROOMY = 12;

export const hasNoticeLine = (size: Size, { notice, overload }: Status): boolean =>
  size.rows >= ROOMY || notice !== '' || overload !== '';

const FOOTER = 1;
const TITLE = 1;

/** Lines between header and footer. */
export const bodyRows = (size: Size, status: Status): number =>
  Math.max(0, size.rows - (hasNoticeLine(size, status) ? 4 : 3) - FOOTER);

/** Sockets the table has room for. */
export const pageRows = (size: Size, status: Status): number => Math.max(1, bodyRows(size, status) - TITLE);
