import { Box } from 'ink';
import { Lines } from '../frame/Lines.tsx';
import { hasNoticeLine, type Size } from '../frame/layout.ts';
import type { Status } from '../frame/model.ts';
import { OrphanBar } from './OrphanBar.tsx';
import { flowLine, identityLine, noticeLine } from './status-lines.ts';

type Props = { readonly status: Status; readonly size: Size; readonly isPaused: boolean };

export const Header = ({ status, size, isPaused }: Props) => (
  <Box flexDirection="column" flexShrink={0}>
    <Lines lines={[identityLine(status, isPaused, size.columns)]} />
    <OrphanBar status={status} width={size.columns} />
    <Lines
      lines={[
        flowLine(status, size.columns),
        ...(hasNoticeLine(size, status) ? [noticeLine(status, size.columns)] : []),
      ]}
    />
  </Box>
);
