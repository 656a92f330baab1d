import { barText } from '../frame/bar.ts';
import { type Line, span } from '../frame/line.ts';
import type { Status } from '../frame/model.ts';
import { orphanParts, share } from './status-lines.ts';

/** Our orphans, the kernel's count and the limit. If there is room, a bar shows the share of the limit. */
export const orphanLine = (status: Status, width: number): Line => {
  const { left, right, bar } = orphanParts(status, width);
  const gauge = bar > 0 ? [span('  '), span(barText(share(status) ?? 0, bar))] : [];
  return [...left, ...gauge, ...right];
};
