import { createFrequent } from '../explain/report/frequent.ts';
import { accepts, filterText, givenFilters, optionOf } from '../filter/filter.ts';
import { FILTERS, type Filter, NO_FILTER, type PathFilter, type Subject } from '../filter/table.ts';
import type { Meta } from '../wire/meta.ts';

/** Values that are named: enough to see a name that was mistyped. */
const NAMED = 5;
/** Values with a count of their own. */
const KEPT = 256;

export type TurnedAway = {
  /**
   * Takes notice of a socket.
   *
   * @param dyingUs - null where its close was not observed
   * @returns true if it passes the filter
   */
  readonly see: (dyingUs: number | null, subjectOf: () => Subject) => boolean;
  /**
   * Says that nothing passed, and what there was instead, the most frequent first. It may hold any bytes.
   *
   * @param tallied - deaths that were only counted
   * @returns null once a socket has passed, and where nothing is filtered
   */
  readonly words: (meta: Meta, tallied: number) => string | null;
};

/**
 * Remembers what a filter turned away, for as long as it lets nothing through: an empty answer looks like good news.
 *
 * @param missing - the process that the filter asks for is not there, in words
 */
export const createTurnedAway = (filter: PathFilter, missing: string | null = null): TurnedAway => {
  const rows = givenFilters(filter).map(([row, value]) => ({
    row,
    value,
    values: createFrequent<null>(KEPT),
    hasPassed: false,
  }));
  let hasPassed = filter === NO_FILTER;
  let hasSeen = false;

  const remember = (dyingUs: number | null, subject: Subject): void => {
    hasSeen = true;
    for (const one of rows) {
      const { row, value } = one;
      one.hasPassed ||= row.test.asks === 'age' ? row.test.passes(value, dyingUs) : row.test.passes(value, subject);
      if (!one.hasPassed) for (const each of row.seen(subject)) one.values.add(each, null);
    }
  };

  return {
    see: (dyingUs, subjectOf) => {
      if (accepts(filter, dyingUs, subjectOf)) {
        hasPassed = true;
        return true;
      }
      if (!hasPassed) remember(dyingUs, subjectOf());
      return false;
    },
    words: (meta, tallied) => {
      if (hasPassed) return null;
      const instead = rows.flatMap(({ row, value, values, hasPassed: passed }) => {
        const found = passed ? [] : mostFrequent(values);
        return found.length === 0 ? [] : [`${optionOf(row, value)} ${found.join(', ')}`];
      });
      return [
        `no socket passed ${filterText(filter)}`,
        ...(instead.length > 0 ? [`there were ${instead.join('; ')}`] : hasSeen ? [] : [untold(meta)]),
        ...(missing === null ? [] : [missing]),
        ...(tallied > 0 && (meta.min_age_ms ?? 0) > 0
          ? [`${tallied} that died within ${meta.min_age_ms} ms were only counted, whosever they were`]
          : []),
      ].join('; ');
    },
  };
};

const mostFrequent = (values: ReturnType<typeof createFrequent<null>>): readonly string[] => {
  const named: string[] = [];
  while (named.length < NAMED) {
    const next = values.largest((key) => !named.includes(key));
    if (next === null) break;
    named.push(next.key);
  }
  return named;
};

const BY_META: ReadonlyMap<string, Filter> = new Map(Object.values(FILTERS).map((row) => [row.meta, row]));

/** Where no socket came at all: none died, or the probes, which apply most filters themselves, told of none. */
const untold = ({ min_age_ms, filters }: Meta): string => {
  const isDeferred = (min_age_ms ?? 0) > 0;
  const applied = Object.entries(filters).filter(
    ([name]) => isDeferred && BY_META.get(name)?.probe.tells !== 'nothing',
  );
  return applied.length === 0
    ? 'no other was seen either'
    : `the probes leave out all others (${applied.map(([name, value]) => `${name} ${value}`).join(', ')}), so what there was is not known`;
};
