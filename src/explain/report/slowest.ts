import type { Row } from './report.ts';

/** Keeps the `limit` rows that have been dying longest, slowest first. Rows without an observed close come last. */
export const createSlowest = (limit: number): { add: (row: Row) => void; rows: () => readonly Row[] } => {
  const kept: Row[] = [];
  return {
    add: (row) => {
      const age = ageOf(row);
      const last = kept.at(-1);
      if (kept.length >= limit && (last === undefined || age <= ageOf(last))) return;
      let at = kept.length;
      while (at > 0 && ageOf(kept[at - 1] ?? row) < age) at--;
      kept.splice(at, 0, row);
      if (kept.length > limit) kept.pop();
    },
    rows: () => [...kept],
  };
};

const ageOf = (row: Row): number => row.dying_us ?? -1;
