import { Box } from 'ink';
import { repeated } from '../../text/printable.ts';
import { Lines } from '../frame/Lines.tsx';
import { type Line, span } from '../frame/line.ts';
import type { Query, Snapshot } from '../frame/model.ts';
import { isSortedBy, rowText, titleText } from './cells.ts';
import { type Column, columnsFor, MARKS, type Traits } from './columns.ts';
import { emptyLines } from './empty-text.ts';
import { SockRow } from './SockRow.tsx';

const titleLine = (columns: readonly Column[], query: Query): Line => [
  span(repeated(' ', MARKS)),
  ...columns.flatMap((column, index) => [
    ...(index === 0 ? [] : [span(' ')]),
    span(titleText(column, query), isSortedBy(column, query) ? 'strong' : 'dim'),
  ]),
];

type Props = {
  readonly snapshot: Snapshot;
  readonly traits: Traits;
  readonly width: number;
  /** Rows of the screen, the title included. */
  readonly height: number;
  /** Index of the selected row among the matching ones. */
  readonly selected: number;
};

/** The sockets that take longest to die. Only the rows on the screen are built. */
export const Table = ({ snapshot, traits, width, height, selected }: Props) => {
  const columns = columnsFor(width, traits);
  const { rows, query } = snapshot;
  if (rows.length === 0) return <Lines lines={emptyLines(snapshot, width).slice(0, height)} />;
  return (
    <Box flexDirection="column" flexShrink={0}>
      <Lines lines={[titleLine(columns, query)]} />
      {rows.slice(0, height - 1).map((row, index) => (
        <SockRow
          key={row.key}
          text={rowText(row, columns)}
          isSelected={query.offset + index === selected}
          isCertain={row.certain}
        />
      ))}
    </Box>
  );
};
