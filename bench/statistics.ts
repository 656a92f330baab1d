/** The middle value, of an even number the mean of the two in the middle; null for none. */
export const median = (values: readonly number[]): number | null => {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2;
};

/** The value below which a share of them lies, by the nearest rank; null for none. */
export const quantile = (values: readonly number[], share: number): number | null =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? null;

/** `0.87 (0.85–0.90)`: the median, least and most; one value alone stands alone, and a dash for none. */
export const spread = (values: readonly (number | null)[], text: (value: number) => string): string => {
  const known = values.filter((value) => value !== null);
  const middle = median(known);
  if (middle === null) return '—';
  const least = text(Math.min(...known));
  const most = text(Math.max(...known));
  return least === most ? text(middle) : `${text(middle)} (${least}–${most})`;
};

/** Gives the same tools in another order each round: no one always follows the same neighbour's load. */
export const rotate = <T>(items: readonly T[], by: number): readonly T[] => {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
};
