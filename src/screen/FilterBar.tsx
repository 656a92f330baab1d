import { filterLine } from './footer-lines.ts';
import { Lines } from './Lines.tsx';
import type { Snapshot } from './model.ts';

type Props = {
  readonly snapshot: Snapshot;
  readonly filter: string;
  readonly isTyping: boolean;
  readonly width: number;
};

/** In the footer's place while a filter is typed or kept. */
export const FilterBar = ({ snapshot, filter, isTyping, width }: Props) => (
  <Lines lines={[filterLine(snapshot, filter, isTyping, width)]} />
);
