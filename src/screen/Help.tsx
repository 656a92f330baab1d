import { helpLines } from './help-lines.ts';
import { Lines } from './Lines.tsx';
import type { Size } from './layout.ts';

type Props = { readonly scroll: number; readonly size: Size };

/** Keys and marks, straight from the keymap. */
export const Help = ({ scroll, size }: Props) => (
  <Lines lines={helpLines(size.columns).slice(scroll, scroll + size.rows)} />
);
