import type { Row } from '../frame/model.ts';

export type ColumnId =
  | 'age'
  | 'state'
  | 'local'
  | 'peer'
  | 'netns'
  | 'closer'
  | 'how'
  | 'held'
  | 'unacked'
  | 'unsent'
  | 'retransmits'
  | 'waiting_for'
  | 'deadline';

export type Column = { readonly id: ColumnId; readonly width: number };

/** Traits of the rows on the screen. They may widen the table, and stay for as long as the filter does. */
export type Traits = {
  readonly netns: boolean;
  readonly ipv6: boolean;
  readonly how: boolean;
  readonly queues: boolean;
};

export const NO_TRAITS: Traits = { netns: false, ipv6: false, how: false, queues: false };

/** `before` and the traits that `rows` add to it; `before` itself if they add none. */
export const withTraits = (before: Traits, rows: readonly Row[]): Traits => {
  const now: Traits = {
    netns: before.netns || rows.some((row) => row.netns !== null),
    ipv6: before.ipv6 || rows.some((row) => row.local.startsWith('[') || row.peer.startsWith('[')),
    how: before.how || rows.some((row) => row.how !== undefined),
    queues: before.queues || rows.some((row) => row.unackedBytes !== undefined || row.unsentBytes !== undefined),
  };
  const isSame =
    now.netns === before.netns && now.ipv6 === before.ipv6 && now.how === before.how && now.queues === before.queues;
  return isSame ? before : now;
};

/** Left of the first column: the `>` of the selected row and the `~` of an uncertain one. */
export const MARKS = 2;

const ORDER: readonly ColumnId[] = [
  'age',
  'state',
  'local',
  'peer',
  'netns',
  'closer',
  'how',
  'held',
  'unacked',
  'unsent',
  'retransmits',
  'waiting_for',
  'deadline',
];

/** A column grows to `to` columns, but not at all unless it reaches `least`. */
type Step = { readonly id: ColumnId; readonly least: number; readonly to: number };

const step = (id: ColumnId, to: number, least = to): Step => ({ id, least, to });

const steps = (traits: Traits): readonly Step[] => [
  // People ask first who closed it, why it lives on and until when.
  step('age', 6),
  step('peer', 12),
  step('closer', 8),
  step('waiting_for', 8),
  step('deadline', 5),
  step('state', 9),
  step('held', 5),
  step('retransmits', 4),
  step('peer', 19, 13),
  ...(traits.netns ? [step('netns', 6)] : []),
  step('local', 6),
  step('closer', 12, 9),
  step('peer', 21),
  step('state', 11, 10),
  step('closer', 17, 13),
  step('local', 21, 15),
  ...(traits.netns ? [step('netns', 10)] : []),
  step('closer', 25, 18),
  step('state', 12),
  ...(traits.how ? [step('how', 8)] : []),
  ...(traits.queues ? [step('unacked', 7), step('unsent', 6)] : []),
  step('deadline', 9),
  step('retransmits', 11),
  step('waiting_for', 24),
  ...(traits.ipv6 ? [step('peer', 47, 22), step('local', 47, 22)] : []),
];

/**
 * The columns of the table, in the order on the screen.
 *
 * @param width - columns of the terminal
 * @returns widths that, with `MARKS` and a space before each but the first, take at most `width`. They depend on
 *   `width` and `traits` alone. So a frame never shifts the next one, and a wider terminal never shows less
 */
export const columnsFor = (width: number, traits: Traits): readonly Column[] => {
  const widths = new Map<ColumnId, number>();
  let left = width - MARKS + 1;
  for (const { id, least, to } of steps(traits)) {
    const before = widths.get(id);
    const gap = before === undefined ? 1 : 0;
    const grown = Math.min(to, left - gap + (before ?? 0));
    if (grown < least) break;
    widths.set(id, grown);
    left -= grown - (before ?? 0) + gap;
  }
  return ORDER.flatMap((id) => {
    const columnWidth = widths.get(id);
    return columnWidth === undefined ? [] : [{ id, width: columnWidth }];
  });
};
