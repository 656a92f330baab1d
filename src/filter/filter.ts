import { FILTER_ROWS, type Filter, type FilterOptions, NO_FILTER, type PathFilter, type Subject } from './table.ts';

const isGiven = (value: unknown, { none }: Filter): value is NonNullable<unknown> =>
  value !== none && !(Array.isArray(value) && value.length === 0);

/** The filters that turn any socket away, each with its value. */
export const givenFilters = (filter: PathFilter): readonly (readonly [Filter, NonNullable<unknown>])[] =>
  FILTER_ROWS.flatMap(([name, row]) => {
    const value = filter[name];
    return isGiven(value, row) ? [[row, value] as const] : [];
  });

/** @returns `NO_FILTER` itself where no option filters anything */
export const filterOf = (options: FilterOptions): PathFilter => {
  const read: Readonly<Record<string, unknown>> = options;
  const given = FILTER_ROWS.flatMap(([name, { options: ways }]) => {
    const way = ways.find((each) => read[each.name] !== undefined);
    if (way === undefined) return [];
    const value = read[way.name];
    return [[name, 'means' in way ? way.means : (way.toValue?.(value) ?? value)]];
  });
  const filter: PathFilter = { ...NO_FILTER, ...Object.fromEntries(given) };
  return givenFilters(filter).length === 0 ? NO_FILTER : filter;
};

/** The option that gives a filter this value, as the command line has it: `-p`, `--state`, `-4`. */
export const optionOf = ({ options }: Filter, value: unknown): string => {
  const way = options.find((each) => 'means' in each && each.means === value) ?? options[0];
  return way?.flags.split(/,? /, 1)[0] ?? '';
};

/** The filter as the command line has it: `-p 123 --state CLOSING`; empty where nothing is filtered. */
export const filterText = (filter: PathFilter): string =>
  givenFilters(filter)
    .map(([row, value]) => `${optionOf(row, value)} ${row.write(value)}`.trimEnd())
    .join(' ');

/** The filters for `meta.filters`: those that are given, as text. */
export const filterTexts = (filter: PathFilter): Record<string, string> =>
  Object.fromEntries(
    givenFilters(filter).map(([{ meta, metaText }, value]) => [meta, metaText?.(value) ?? String(value)]),
  );

/** @returns null where the value is not a filter; it may be any JSON */
export const filterFromJson = (json: Readonly<Record<string, unknown>>): PathFilter | null =>
  FILTER_ROWS.every(([name, row]) => row.is(json[name]))
    ? (Object.fromEntries(FILTER_ROWS.map(([name]) => [name, json[name]])) as PathFilter)
    : null;

type Asking = readonly [name: keyof PathFilter, row: Filter, test: Filter['test']];
const asking = (what: Filter['test']['asks']): readonly Asking[] =>
  FILTER_ROWS.filter(([, { test }]) => test.asks === what).map(([name, row]) => [name, row, row.test]);
const [OF_AGE, OF_SOCKET] = [asking('age'), asking('socket')];

/** True if the filter asks for more than the age. */
export const asksForDetail = (filter: PathFilter): boolean =>
  OF_SOCKET.some(([name, row]) => isGiven(filter[name], row));

/**
 * True if a socket passes the filter.
 *
 * @param dyingUs - null where its close was not observed
 * @param subjectOf - called at most once, and only when the filter asks for more than the age
 */
export const accepts = (filter: PathFilter, dyingUs: number | null, subjectOf: () => Subject): boolean => {
  for (const [name, row, test] of OF_AGE) {
    const value = filter[name];
    if (test.asks === 'age' && isGiven(value, row) && !test.passes(value, dyingUs)) return false;
  }
  let subject: Subject | null = null;
  for (const [name, row, test] of OF_SOCKET) {
    const value = filter[name];
    if (test.asks !== 'socket' || !isGiven(value, row)) continue;
    subject ??= subjectOf();
    if (!test.passes(value, subject)) return false;
  }
  return true;
};
