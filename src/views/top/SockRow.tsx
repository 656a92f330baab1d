import { Box, Text } from 'ink';
import { memo } from 'react';
import { rowText } from './cells.ts';
import type { Column } from './columns.ts';
import type { Row } from './model.ts';

type Props = { readonly row: Row; readonly columns: readonly Column[]; readonly isSelected: boolean };

export const SockRow = memo(function SockRow({ row, columns, isSelected }: Props) {
  const marks = `${isSelected ? '>' : ' '}${row.certain ? ' ' : '~'}`;
  return (
    <Box height={1} flexShrink={0}>
      <Text wrap="truncate-end" inverse={isSelected} dimColor={!row.certain && !isSelected}>
        {marks + rowText(row, columns)}
      </Text>
    </Box>
  );
});
