import { Lines } from '../frame/Lines.tsx';
import type { Snapshot } from '../frame/model.ts';
import { filterLine } from './footer-lines.ts';

type Props = {
  readonly snapshot: Snapshot;
  readonly filter: string;
  readonly isTyping: boolean;
  readonly width: number;
};

/** Stands in the footer's place while a filter is typed or kept. */
export const FilterBar = ({ snapshot, filter, isTyping, width }: Props) => (
  <Lines lines={[filterLine(snapshot, filter, isTyping, width)]} />
);
