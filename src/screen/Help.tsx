import { Lines } from './frame/Lines.tsx';
import type { Size } from './frame/layout.ts';
import { helpLines } from './keys/help-lines.ts';

type Props = { readonly scroll: number; readonly size: Size };

/** Keys and marks, straight from the keymap. */
export const Help = ({ scroll, size }: Props) => (
  <Lines lines={helpLines(size.columns).slice(scroll, scroll + size.rows)} />
);
