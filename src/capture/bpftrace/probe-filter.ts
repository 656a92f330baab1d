import { givenFilters } from '../../filter/filter.ts';
import type { PathFilter } from '../../filter/table.ts';

/** Conditions in bpftrace's language. */
export type FilterText = {
  readonly all: string;
  /** For orphans whose close was not seen: nobody knows by whom it was. */
  readonly baseline: string;
};

/**
 * A filter as a probe has it: its conditions, those about the closer last.
 *
 * @returns null where there is nothing that the probes could filter by
 */
export const filterText = (filter: PathFilter): FilterText | null => {
  const conditions = (about: 'sock' | 'closer'): readonly string[] =>
    givenFilters(filter).flatMap(([{ probe }, value]) => {
      const condition = probe.tells === about ? probe.condition(value) : null;
      return condition === null ? [] : [condition];
    });
  const [identity, closer] = [conditions('sock'), conditions('closer')];
  const all = [...identity, ...closer];
  if (all.length === 0) return null;
  return { all: all.join(' && '), baseline: closer.length > 0 ? '0' : identity.join(' && ') };
};
