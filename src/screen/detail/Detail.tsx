import type { ClosePath, Dying } from '../../explain/close-path.ts';
import { Lines } from '../frame/Lines.tsx';
import type { Size } from '../frame/layout.ts';
import { detailLines } from './detail-lines.ts';

type Props = {
  readonly path: ClosePath | Dying | null;
  /** Lines scrolled away above, and the size of the screen. */
  readonly scroll: number;
  readonly size: Size;
};

/** The close path of one socket. */
export const Detail = ({ path, scroll, size }: Props) => (
  <Lines lines={detailLines(path, size.columns).slice(scroll, scroll + size.rows)} />
);
