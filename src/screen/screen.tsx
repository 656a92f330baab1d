import { type Instance, render } from 'ink';
import { App } from './App.tsx';
import type { TopStore } from './frame/model.ts';
import { drawOn, restoreTerminal } from './terminal.ts';

type Screen = {
  /** A terminal. With any other stream the screen is shown but takes no keys. */
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  /** Called once, when the user asks to quit; the screen is left right after it. */
  readonly onQuit: () => void;
  /** Leaves the screen from outside: a signal came, or the tracer is gone. */
  readonly signal?: AbortSignal;
};

/**
 * Shows `finwait top` until the user quits or `signal` aborts.
 *
 * @returns resolves once the terminal is restored; if rendering failed it rejects with the error, the terminal restored
 *   too
 */
export const runScreen = async (store: TopStore, { stdin, stdout, onQuit, signal }: Screen): Promise<void> => {
  const leave = (): void => restoreTerminal(stdout);
  const quit = (): void => {
    onQuit();
    // Not from inside React's commit, which calls this.
    setImmediate(leave);
  };
  let instance: Instance | undefined;
  try {
    drawOn(stdin, stdout, () => {
      const made = render(<App store={store} onQuit={quit} />, {
        stdin,
        stdout,
        // The caller has made sure of a terminal. Ink would also look for CI in the environment.
        interactive: true,
        alternateScreen: true,
        incrementalRendering: true,
        maxFps: 15,
        exitOnCtrlC: false,
        // Nothing of ours writes to the console, and a crash report belongs after the screen.
        patchConsole: false,
      });
      instance = made;
      return made.unmount;
    });
    signal?.addEventListener('abort', leave, { once: true });
    if (signal?.aborted) leave();
    await instance?.waitUntilExit();
  } finally {
    signal?.removeEventListener('abort', leave);
    leave();
  }
};
