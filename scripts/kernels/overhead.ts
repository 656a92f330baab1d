/** Connections a second that one loop opens and closes, several times each: untraced, and under each backend. */
export type Rates = {
  readonly kernel: string;
  /** Before the first backend, and after each. */
  readonly untraced: readonly (readonly number[])[];
  readonly traced: Readonly<Record<string, { readonly rates: readonly number[]; readonly lost: number }>>;
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** A row of the table: the rate untraced, and the share that each backend leaves of it, against the loops beside it. */
const cellsOf = ({ kernel, untraced, traced }: Rates): readonly string[] => [
  kernel,
  `${Math.round(median(untraced.flat()))}`,
  ...Object.values(traced).map(({ rates, lost }, index) => {
    const beside = median([...(untraced[index] ?? []), ...(untraced[index + 1] ?? [])]);
    return `${(median(rates) / beside).toFixed(2)}${lost > 0 ? `, ${lost} lost` : ''}`;
  }),
];

/** The share of the connection rate that each backend leaves, a line for each kernel. */
export const overheadLines = (kernels: readonly Rates[]): readonly string[] => {
  const rows = [['kernel', 'conn/s untraced', ...Object.keys(kernels[0]?.traced ?? {})], ...kernels.map(cellsOf)];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(Math.max(...rows.map((each) => (each[column] ?? '').length))))
      .join('  ')
      .trimEnd(),
  );
};
