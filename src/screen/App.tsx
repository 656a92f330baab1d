import { Box, Text, useInput, usePaste, useStdin, useWindowSize } from 'ink';
import { useEffect, useReducer, useSyncExternalStore } from 'react';
import { Body } from './Body.tsx';
import { Footer } from './Footer.tsx';
import { isTooSmall, LEAST, type Size } from './frame/layout.ts';
import type { TopStore } from './frame/model.ts';
import { Header } from './header/Header.tsx';
import { pressesOf } from './keys/press.ts';
import { initialView, queryOf, step, type ViewEvent, type ViewState } from './view-state.ts';

type Props = { readonly store: TopStore; readonly onQuit: () => void };

/** The screen's state, brought up to the newest frame before anything is drawn. */
const useView = (store: TopStore): readonly [ViewState, (event: ViewEvent) => void] => {
  const snapshot = useSyncExternalStore(store.subscribe, store.getSnapshot);
  const { columns, rows } = useWindowSize();
  const [view, dispatch] = useReducer(step, { snapshot, size: { columns, rows } }, initialView);
  if (view.snapshot !== snapshot || view.size.columns !== columns || view.size.rows !== rows) {
    dispatch({ kind: 'frame', snapshot, size: { columns, rows } });
  }
  return [view, dispatch];
};

/** Tells the store what the screen needs. */
const useQuery = (store: TopStore, view: ViewState): void => {
  const { filter, sort, isReversed = false, limit, offset, detail, follow = null } = queryOf(view);
  useEffect(() => {
    store.setQuery({ filter, sort, isReversed, limit, offset, detail, follow });
  }, [store, filter, sort, isReversed, limit, offset, detail, follow]);
  useEffect(() => {
    store.setPaused(view.isPaused);
  }, [store, view.isPaused]);
};

const TooSmall = ({ columns, rows }: Size) => (
  <Box width={columns} height={rows} overflow="hidden">
    <Text wrap="truncate-end">{`terminal too small: ${columns}x${rows}, need ${LEAST.columns}x${LEAST.rows}`}</Text>
  </Box>
);

/**
 * `finwait top`: folds nothing and decides nothing about sockets. It shows the store's frames and passes the keys'
 * wishes on.
 */
export const App = ({ store, onQuit }: Props) => {
  const [view, dispatch] = useView(store);
  const { isRawModeSupported: isActive } = useStdin();
  useQuery(store, view);
  useInput(
    (input, key) => {
      for (const press of pressesOf(input, key)) dispatch({ kind: 'press', press });
    },
    { isActive },
  );
  // A paste comes here and not to useInput, so that pasted text outside the filter presses no keys.
  usePaste((text) => dispatch({ kind: 'paste', text }), { isActive });
  useEffect(() => {
    if (view.isQuitting) onQuit();
  }, [view.isQuitting, onQuit]);

  const { size, snapshot } = view;
  if (isTooSmall(size)) return <TooSmall {...size} />;
  return (
    <Box flexDirection="column" width={size.columns} height={size.rows} overflow="hidden">
      <Header status={snapshot.status} size={size} isPaused={view.isPaused} />
      <Box flexDirection="column" flexGrow={1} overflow="hidden">
        <Body view={view} />
      </Box>
      <Footer view={view} />
    </Box>
  );
};
