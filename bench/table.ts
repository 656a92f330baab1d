/**
 * Lines of a Markdown table, padded so that it reads as plain text too.
 *
 * @param rows - cells; a row that is too short is filled with empty ones
 */
export const tableLines = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => {
  const cells = [head, ...rows].map((row) => head.map((_, column) => (row[column] ?? '').replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => [...(row[column] ?? '')].length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length)).join(' | ')} |`;
  const [first = [], ...others] = cells.map(line);
  return [`${first}`, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...others];
};

/** `12,345`. */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

export const fixed =
  (digits: number) =>
  (value: number): string =>
    value.toFixed(digits);

export const megabytes = (bytes: number): string => whole(bytes / 1024 / 1024);
