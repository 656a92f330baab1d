import { Box, Text } from 'ink';
import { memo } from 'react';
import { type Printable, safe } from '../../text/printable.ts';

type Props = { readonly text: Printable; readonly isSelected: boolean; readonly isCertain: boolean };

/** A line of the table, compared by its text: a row is a new object in each frame, and most texts stay the same. */
export const SockRow = memo(function SockRow({ text, isSelected, isCertain }: Props) {
  const line = safe`${isSelected ? '>' : ' '}${isCertain ? ' ' : '~'}${text}`;
  return (
    <Box height={1} flexShrink={0}>
      <Text wrap="truncate-end" inverse={isSelected} dimColor={!isCertain && !isSelected}>
        {line}
      </Text>
    </Box>
  );
});
