/** Connections a second that one loop opens and closes: of each round, untraced and under each backend. */
export type Rates = { readonly kernel: string; readonly rounds: readonly Readonly<Record<string, number>>[] };

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** The share of the untraced rate that each backend leaves, the median of the rounds, as text. */
export const overheadText = ({ kernel, rounds }: Rates): string => {
  const names = Object.keys(rounds[0] ?? {}).filter((name) => name !== 'untraced');
  const ratio = (name: string): number =>
    median(rounds.map((round) => (round[name] ?? Number.NaN) / (round['untraced'] ?? Number.NaN)));
  const base = Math.round(median(rounds.map((round) => round['untraced'] ?? Number.NaN)));
  return `${kernel}, ${base} conn/s untraced, kept: ${names.map((name) => `${name} ${ratio(name).toFixed(2)}`).join(', ')}`;
};
