import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const undo = new Set<() => void>();

/**
 * Notes what must not be left behind; it runs at the end of the process, however that comes but by SIGKILL.
 *
 * @param action - synchronous, and safe when what it removes has gone
 * @returns runs it now, and not again
 */
export const onLeave = (action: () => void): (() => void) => {
  undo.add(action);
  return () => {
    if (undo.delete(action)) action();
  };
};

process.once('exit', () => {
  // The newest first: a program ends before the folder that it writes to goes.
  for (const action of [...undo].reverse()) {
    try {
      action();
    } catch {
      // The others have to go all the same.
    }
  }
});
for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(name, () => process.exit(code));
}

/** A folder that goes when the process does. */
export const scratchDir = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'finwait-bench-'));
  onLeave(() => rmSync(path, { recursive: true, force: true }));
  return path;
};
