import type { Row } from '../../explain/report/report.ts';
import { offset } from '../../text/duration.ts';
import { type Printable, repeated, safe } from '../../text/printable.ts';
import { padded, trimmed } from '../../text/width.ts';

/** Transitions drawn: the last ones where there are more. */
const MAX_STEPS = 16;

type Label = { readonly label: Printable; readonly tick: Printable };
type Segment = Label & { readonly weight: number };

/**
 * A close path on an axis of time. Above each state stands the time at which it was reached, since the close. If the
 * close was not seen, times count from the first step that was, and the axis says `seen`.
 *
 * Every state has room for its name. The rest of the width goes by the logarithm of the time spent: microseconds and
 * minutes must fit on one line. A path that needs more than `width` columns goes on below.
 *
 * @returns pairs of lines, times above states; one line where no transition was observed
 */
export const axis = (row: Row, width: number): readonly Printable[] => {
  const steps = row.path.slice(-MAX_STEPS);
  const first = steps[0];
  const last = steps.at(-1);
  const left = row.path.length - steps.length;
  if (first === undefined || last === undefined) return [safe`no transition of it was observed`];
  const isOver = row.type === 'close_path';
  const isClosed = last.to === 'CLOSE';
  // If its close was not seen, times count from the first step that was.
  const zero = row.closed_at === null ? first.at_us : 0;
  const until = row.dying_us ?? last.at_us;
  const tick = (us: number): Printable => (row.closed_at === null && us === zero ? safe`seen` : offset(us - zero));
  const segments: Segment[] = [
    { label: left > 0 ? safe`(${left} before) ${first.from}` : safe`${first.from}`, tick: safe``, weight: 0 },
    ...steps.slice(0, isClosed ? -1 : undefined).map((step, index) => ({
      label: safe`${step.to}`,
      tick: tick(step.at_us),
      weight: Math.log10(1 + Math.max(0, (steps[index + 1]?.at_us ?? until) - step.at_us)),
    })),
  ];
  const end = isClosed
    ? { label: safe`| CLOSE`, tick: tick(last.at_us) }
    : { label: isOver ? safe`? its end was not observed` : safe`> still dying`, tick: tick(until) };
  return drawn(segments, end, width);
};

const least = ({ label, tick }: Segment): number => Math.max(label.length + 3, tick.length + 2);

const drawn = (segments: readonly Segment[], end: Label, width: number): readonly Printable[] => {
  const endWidth = Math.max(end.label.length, end.tick.length);
  const lines: Printable[] = [];
  let rest = segments;
  while (rest.length > 0) {
    let fitting = 0;
    let used = 0;
    for (const segment of rest) {
      const isLast = fitting === rest.length - 1;
      if (fitting > 0 && used + least(segment) + (isLast ? endWidth : 1) > width) break;
      used += least(segment);
      fitting++;
    }
    const row = rest.slice(0, fitting);
    rest = rest.slice(fitting);
    lines.push(...drawnRow(row, rest.length === 0 ? end : null, width - used - (rest.length === 0 ? endWidth : 1)));
  }
  return lines;
};

/** Shares out `spare` columns by the segments' weights. */
const drawnRow = (segments: readonly Segment[], end: Label | null, spare: number): readonly [Printable, Printable] => {
  const weights = segments.reduce((sum, { weight }) => sum + weight, 0);
  let ticks = safe``;
  let bar = safe``;
  for (const segment of segments) {
    const extra = weights > 0 && spare > 0 ? Math.floor((segment.weight / weights) * spare) : 0;
    const width = least(segment) + extra;
    ticks = safe`${ticks}${padded(segment.tick, width)}`;
    const drawnLabel =
      segment.tick === '' ? padded(segment.label, width) : safe`|${centered(segment.label, width - 1)}`;
    bar = safe`${bar}${drawnLabel}`;
  }
  return end === null ? [trimmed(ticks), safe`${bar}.`] : [safe`${ticks}${end.tick}`, safe`${bar}${end.label}`];
};

const centered = (label: Printable, width: number): Printable => {
  const room = Math.max(0, width - label.length);
  const before = Math.floor(room / 2);
  return safe`${repeated('-', before)}${label}${repeated('-', room - before)}`;
};
