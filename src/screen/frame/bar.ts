import { joined, type Printable, safe } from '../../text/printable.ts';

/** Shares of tcp_max_orphans from which the kernel may kill orphans. */
const MARKS = [0.25, 0.5] as const;

/**
 * `[####..|....|...........]`: plain ASCII, with a mark where kills can start.
 *
 * @param part - filled part; more than 1 is full
 * @param width - columns, the brackets included
 * @returns exactly `width` columns; anything above 0 fills at least one
 */
export const barText = (part: number, width: number): Printable => {
  const inner = Math.max(0, width - 2);
  const filled = part > 0 ? Math.max(1, Math.min(inner, Math.round(part * inner))) : 0;
  const marks = new Set(MARKS.map((mark) => Math.round(mark * inner)));
  const cells = Array.from({ length: inner }, (_, at) => (marks.has(at) ? '|' : at < filled ? '#' : '.'));
  return safe`[${joined(cells, '')}]`;
};
