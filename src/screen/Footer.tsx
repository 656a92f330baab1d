import { Lines } from './frame/Lines.tsx';
import { bodyRows, pageRows } from './frame/layout.ts';
import { FilterBar } from './keys/FilterBar.tsx';
import { scrollFooter, tableFooter } from './keys/footer-lines.ts';
import { contentLines, type ViewState } from './view-state.ts';

type Props = { readonly view: ViewState };

/** The keys that matter now, and the part of the whole that is on the screen. */
export const Footer = ({ view }: Props) => {
  const { mode, snapshot, filter, size } = view;
  const width = size.columns;
  if (mode === 'filter' || (mode === 'table' && filter !== '')) {
    return <FilterBar snapshot={snapshot} filter={filter} isTyping={mode === 'filter'} width={width} />;
  }
  if (mode === 'table') return <Lines lines={[tableFooter(snapshot, pageRows(size, snapshot.status), width)]} />;
  const height = bodyRows(size, snapshot.status);
  return <Lines lines={[scrollFooter(contentLines(view).length, view.scroll, height, width)]} />;
};
