import { thousands } from '../../text/count.ts';
import { printable, safe } from '../../text/printable.ts';
import { progressText } from '../../text/share.ts';
import { cut } from '../../text/width.ts';
import { fitSegments, justify, type Line, lineWidth, type Segment, segment, span } from '../frame/line.ts';
import type { Query, Snapshot } from '../frame/model.ts';
import { orderMark } from '../table/cells.ts';

const hint = (rank: number, key: string, does: string): Segment =>
  segment(rank, span(printable(key), 'strong'), span(safe` ${printable(does)}`, 'dim'));

const withRight = (segments: readonly Segment[], right: Line, width: number): Line =>
  justify(fitSegments(segments, width - lineWidth(right) - 2), right, width);

/** The visible part of the whole: `1-17 of 1,234`. */
const position = (first: number, shown: number, all: number): Line =>
  shown === 0 ? [] : [span(safe`${thousands(first + 1)}-${thousands(first + shown)} of ${thousands(all)}`)];

/** The progress of the answer to the newest query. */
const working = (does: 'sorting' | 'looking', progress: number): Line => [
  span(safe`${does} ${progressText(progress)}`),
];

const sortText = (query: Query): string => `sort:${query.sort}${orderMark(query)}`;

export const tableFooter = ({ rows, query, matching, progress }: Snapshot, shown: number, width: number): Line =>
  withRight(
    [
      hint(6, 'j/k', 'move'),
      hint(3, 'enter', 'path'),
      hint(4, '/', 'filter'),
      hint(2, 's', sortText(query)),
      hint(5, 'space', 'pause'),
      hint(1, '?', 'help'),
      hint(0, 'q', 'quit'),
    ],
    typeof progress === 'number'
      ? working('sorting', progress)
      : position(query.offset, Math.min(shown, rows.length), matching),
    width,
  );

/** The footer under `lines` lines of content, if `height` of them are visible from `scroll` on. */
export const scrollFooter = (lines: number, scroll: number, height: number, width: number): Line =>
  withRight(
    [hint(0, 'esc', 'back'), ...(lines > height ? [hint(1, 'j/k', 'scroll')] : []), hint(2, '^C', 'quit')],
    lines > height ? position(scroll, Math.min(height, lines - scroll), lines) : [],
    width,
  );

const found = ({ matching, total, progress }: Snapshot): Line =>
  typeof progress === 'number'
    ? working('looking', progress)
    : [span(safe`${thousands(matching)} of ${thousands(total)}`)];

/** The filter while it is typed (`_` marks its end), and while it is kept. */
export const filterLine = (snapshot: Snapshot, filter: string, isTyping: boolean, width: number): Line => {
  const label = isTyping ? 'filter: ' : 'filtered by: ';
  const shown = cut(printable(filter), Math.max(8, Math.floor(width / 2) - label.length), 'start');
  const hints = isTyping
    ? [hint(1, 'enter', 'keep'), hint(2, 'esc', 'clear'), hint(3, '^U', 'empty')]
    : [hint(2, '/', 'change'), hint(1, 'esc', 'clear'), hint(4, 's', sortText(snapshot.query)), hint(3, 'q', 'quit')];
  return withRight(
    [segment(0, span(label, 'dim'), span(safe`${shown}${isTyping ? '_' : ''}`, 'strong')), ...hints],
    found(snapshot),
    width,
  );
};
