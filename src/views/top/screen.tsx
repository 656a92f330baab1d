import { type Instance, render } from 'ink';
import { App } from './App.tsx';
import type { TopStore } from './model.ts';

type Screen = {
  /** A terminal; with anything else the screen is shown but takes no keys. */
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  /** Called once, when the user asks to quit; the screen is left right after it. */
  readonly onQuit: () => void;
  /** Leaves the screen from outside: a signal came, the tracer is gone. */
  readonly signal?: AbortSignal;
};

/** Terminals that are on our alternate screen now; without an instance while Ink is still starting. */
const taken = new Map<NodeJS.WritableStream, Instance | undefined>();

// End of a synchronized update, of bracketed paste, of colours, of the alternate screen; then the cursor.
const RESTORE = '\x1b[?2026l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h';

/** Gives the terminal back, in any state of ours, a crash included. Does nothing the second time, never throws. */
export const restoreTerminal = (stdout: NodeJS.WritableStream): void => {
  if (!taken.has(stdout)) return;
  const instance = taken.get(stdout);
  taken.delete(stdout);
  try {
    // Otherwise Ink draws a last frame over the shell's lines when the process exits.
    instance?.unmount();
  } catch {
    // The bug being handled may well be Ink's tree itself; the escapes below do not need it.
  }
  try {
    stdout.write(RESTORE);
  } catch {
    // The terminal is gone: nothing to restore.
  }
};

/**
 * Shows `finwait top` until the user quits or `signal` aborts.
 *
 * @returns resolves once the terminal is restored; rejects with the error when rendering failed, the terminal restored too
 */
export const runScreen = async (store: TopStore, { stdin, stdout, onQuit, signal }: Screen): Promise<void> => {
  const leave = (): void => restoreTerminal(stdout);
  const quit = (): void => {
    onQuit();
    // Not from inside React's commit, which this is called from.
    setImmediate(leave);
  };
  taken.set(stdout, undefined);
  try {
    const instance = render(<App store={store} onQuit={quit} />, {
      stdin,
      stdout,
      // The caller has found a terminal; Ink would also look for CI in the environment.
      interactive: true,
      alternateScreen: true,
      incrementalRendering: true,
      maxFps: 15,
      exitOnCtrlC: false,
      // Nothing of ours writes to the console, and what a crash says is for after the screen.
      patchConsole: false,
    });
    taken.set(stdout, instance);
    signal?.addEventListener('abort', leave, { once: true });
    if (signal?.aborted) leave();
    await instance.waitUntilExit();
  } finally {
    signal?.removeEventListener('abort', leave);
    leave();
  }
};
