import { barText } from './bar.ts';
import { Lines } from './Lines.tsx';
import { span } from './line.ts';
import type { Status } from './model.ts';
import { orphanParts, share } from './status-lines.ts';

type Props = { readonly status: Status; readonly width: number };

/** Orphans: ours, the kernel's and the limit, with how much of the limit that is. */
export const OrphanBar = ({ status, width }: Props) => {
  const { left, right, bar } = orphanParts(status, width);
  const gauge = bar > 0 ? [span('  '), span(barText(share(status) ?? 0, bar))] : [];
  return <Lines lines={[[...left, ...gauge, ...right]]} />;
};
