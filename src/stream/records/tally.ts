import type { TalliedDeaths } from '../../explain/tally.ts';

/** The contract's kind of record for deaths that were only counted: one for each way to be closed and to end. */
export const tallyRecord = (deaths: TalliedDeaths): object => ({ type: 'tally', ...deaths });
