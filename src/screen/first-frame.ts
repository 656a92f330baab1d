import { joined, type Printable } from '../text/printable.ts';
import { cut, trimmed } from '../text/width.ts';
import { bodyRows, hasNoticeLine, isTooSmall, pageRows, type Size } from './frame/layout.ts';
import type { Line } from './frame/line.ts';
import type { Snapshot } from './frame/model.ts';
import { orphanLine } from './header/orphan-line.ts';
import { flowLine, identityLine, noticeLine } from './header/status-lines.ts';
import { tableFooter } from './keys/footer-lines.ts';
import { emptyLines } from './table/empty-text.ts';

const textOf = (line: Line): Printable =>
  joined(
    line.map(({ text }) => text),
    '',
  );

/**
 * The screen before it has a socket, line by line as Ink draws it a moment later, but without colours.
 *
 * @returns as many lines as the terminal has, none wider than it; none for a terminal that is too small
 */
export const firstFrame = (snapshot: Snapshot, size: Size): readonly Printable[] => {
  if (isTooSmall(size)) return [];
  const { status } = snapshot;
  const width = size.columns;
  const body = bodyRows(size, status);
  const table = emptyLines(snapshot, width).slice(0, body);
  return [
    identityLine(status, false, width),
    orphanLine(status, width),
    flowLine(status, width),
    ...(hasNoticeLine(size, status) ? [noticeLine(status, width)] : []),
    ...table,
    ...Array.from({ length: body - table.length }, (): Line => []),
    tableFooter(snapshot, pageRows(size, status), width),
  ].map((line) => trimmed(cut(textOf(line), width)));
};
