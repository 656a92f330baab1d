import { Box, Text } from 'ink';
import { memo } from 'react';

type Props = { readonly text: string; readonly isSelected: boolean; readonly isCertain: boolean };

/** A line of the table. Compared by its text: a row is a new object in each frame, and most read as before. */
export const SockRow = memo(function SockRow({ text, isSelected, isCertain }: Props) {
  const marks = `${isSelected ? '>' : ' '}${isCertain ? ' ' : '~'}`;
  return (
    <Box height={1} flexShrink={0}>
      <Text wrap="truncate-end" inverse={isSelected} dimColor={!isCertain && !isSelected}>
        {marks + text}
      </Text>
    </Box>
  );
});
