import { safe } from './printable.ts';

/** Stands in a column for a number that nobody knows; never 0. */
export const UNKNOWN = safe`?`;
