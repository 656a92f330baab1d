import type { Printable } from '../text/printable.ts';

/** A terminal's keyboard. Any other stream has no raw mode. */
type Keyboard = NodeJS.ReadableStream & { readonly setRawMode?: (isRaw: boolean) => unknown };

type Held = {
  readonly stdin: Keyboard;
  /** Ends the drawing on it; null until something draws. */
  unmount: (() => void) | null;
};

/** Terminals that show our alternate screen now. */
const taken = new Map<NodeJS.WritableStream, Held>();

// Alternate screen, cleared, from its first column; no cursor.
const TAKE = '\x1b[?1049h\x1b[2J\x1b[H\x1b[?25l';
const WIPE = '\x1b[2J\x1b[H';
// End of a synchronized update, of bracketed paste, of colours, of the alternate screen; then the cursor.
const RESTORE = '\x1b[?2026l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h';

/**
 * Shows a first frame at once, while the code for the next frames is still being loaded. Keys typed meanwhile wait in
 * the terminal, unechoed.
 *
 * @param frame - lines that fit
 */
export const takeTerminal = (stdin: Keyboard, stdout: NodeJS.WritableStream, frame: readonly Printable[]): void => {
  taken.set(stdout, { stdin, unmount: null });
  stdin.setRawMode?.(true);
  stdout.write(TAKE + frame.join('\r\n'));
};

/** From now on `render` draws on the terminal, on an empty screen; `unmount` ends that. */
export const drawOn = (stdin: Keyboard, stdout: NodeJS.WritableStream, render: () => () => void): void => {
  if (taken.has(stdout)) stdout.write(WIPE);
  const held: Held = { stdin, unmount: null };
  taken.set(stdout, held);
  held.unmount = render();
};

/** Gives the terminal back in any state, a crash included. Does nothing the second time, never throws. */
export const restoreTerminal = (stdout: NodeJS.WritableStream): void => {
  const held = taken.get(stdout);
  if (held === undefined) return;
  taken.delete(stdout);
  try {
    // Otherwise Ink draws a last frame over the shell's lines when the process exits.
    held.unmount?.();
  } catch {
    // The bug being handled may be in Ink's tree itself; the escapes below do not need it.
  }
  try {
    stdout.write(RESTORE);
    held.stdin.setRawMode?.(false);
  } catch {
    // The terminal is gone: nothing to restore.
  }
};
