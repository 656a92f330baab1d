import { asPrintable, type Printable, repeated, type Safe } from '../../text/printable.ts';
import { widthOf } from '../../text/width.ts';

/** The intent of a piece of text. It never carries a meaning alone. */
export type Tone = 'plain' | 'dim' | 'strong' | 'good' | 'warn' | 'loud';
export type Span = { readonly text: Printable; readonly tone: Tone };
export type Line = readonly Span[];

export const span = <const Text extends string>(text: Text & Safe<Text>, tone: Tone = 'plain'): Span => ({
  text: asPrintable<Text>(text),
  tone,
});

/** A part of a line that is shown whole or not at all. When room is short, the greatest `rank` goes first. */
export type Segment = { readonly spans: Line; readonly rank: number };

export const segment = (rank: number, ...spans: Line): Segment => ({ rank, spans });

export const lineWidth = (line: Line): number => line.reduce((sum, { text }) => sum + widthOf(text), 0);

const GAP = '  ';

const joined = (segments: readonly Segment[]): Line =>
  segments.flatMap(({ spans }, index) => (index === 0 ? spans : [span(GAP), ...spans]));

/** The segments that fit into `width` columns, in their own order, two spaces apart. */
export const fitSegments = (segments: readonly Segment[], width: number): Line => {
  let kept = segments;
  while (kept.length > 1 && lineWidth(joined(kept)) > width) {
    const worst = Math.max(...kept.map(({ rank }) => rank));
    const out = kept.findLastIndex(({ rank }) => rank === worst);
    kept = kept.filter((_, index) => index !== out);
  }
  return joined(kept);
};

/** `left`, then `right` at the right edge; `right` is dropped when both do not fit. */
export const justify = (left: Line, right: Line, width: number): Line => {
  const room = width - lineWidth(left) - lineWidth(right);
  return room < GAP.length ? left : [...left, span(repeated(' ', room)), ...right];
};
