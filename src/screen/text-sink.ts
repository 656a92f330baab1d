import { tell } from '../output/stderr.ts';
import type { Output } from '../output/stdout.ts';
import type { Sink } from '../stream/sink.ts';
import type { LiveTopStore } from './store.ts';
import { printTop } from './text.ts';

/** The screen's content as text, once a second, where stdout is no terminal. */
export const createTextSink = (
  store: LiveTopStore,
  output: Output,
  phase: 'tracing' | 'replaying',
  onQuit: () => void,
): Sink => {
  output.closed.addEventListener('abort', onQuit, { once: true });
  const print = (): void => {
    const snapshot = store.getSnapshot();
    // There is nothing to print until there is a stream; the attempts to attach go to stderr.
    if (snapshot.status.backend !== '') printTop(snapshot, output.line);
  };
  // A reader that does not keep up gets fewer of these texts.
  const timer = setInterval(() => output.room() ?? print(), 1000);
  return {
    progress: tell,
    begin: (stream) => {
      store.attach(stream);
      store.setPhase(phase);
    },
    sock: store.onEnd,
    ledger: (_record, row) => store.onLedger(row),
    notice: store.streamNotice,
    end: async ({ fault }) => {
      clearInterval(timer);
      store.setPhase(fault === null ? 'ended' : 'failed');
      print();
      await output.flush();
    },
  };
};
