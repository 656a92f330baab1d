import { Box, Text, type TextProps } from 'ink';
import { createElement } from 'react';
import { takesColour } from '../terminal-kind.ts';
import type { Line, Tone } from './line.ts';

const STYLES: Readonly<Record<Tone, TextProps>> = {
  plain: {},
  dim: { dimColor: true },
  strong: { bold: true },
  good: { color: 'green' },
  warn: { color: 'yellow' },
  loud: { color: 'red', bold: true, inverse: true },
};

const styleOf = (tone: Tone): TextProps => {
  const { color, ...rest } = STYLES[tone];
  return color === undefined || !takesColour(process.env) ? rest : { ...rest, color };
};

// Children are passed as arguments: the parts of a line have nothing that could be their React key.
const textOf = (line: Line) =>
  createElement(
    Text,
    { wrap: 'truncate-end' },
    ...line.map(({ text, tone }) => (tone === 'plain' ? text : createElement(Text, styleOf(tone), text))),
  );

const rowOf = (line: Line) => createElement(Box, { height: 1, flexShrink: 0 }, textOf(line));

type Props = { readonly lines: readonly Line[] };

/** Lines below each other, one row of the screen each, never wrapped. */
export const Lines = ({ lines }: Props) =>
  createElement(Box, { flexDirection: 'column', flexShrink: 0 }, ...lines.map(rowOf));
