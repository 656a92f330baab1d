import { render } from 'ink-testing-library';
import { expect, vi } from 'vitest';
import { App } from '../../src/screen/App.tsx';
import type { TopStore } from '../../src/screen/frame/model.ts';
import { widthOf } from '../../src/text/width.ts';

const ANSI = /\x1b\[[\d;]*m/g;

/** App in a pretended window; what it shows, without colours. */
export const renderAt = async (store: TopStore, columns: number, rows: number) => {
  const onQuit = vi.fn<() => void>();
  const { stdin, stdout, lastFrame, unmount } = render(<App store={store} onQuit={onQuit} />);
  const resize = (to: { readonly columns: number; readonly rows: number }): void => {
    Object.defineProperty(stdout, 'columns', { value: to.columns, configurable: true });
    Object.defineProperty(stdout, 'rows', { value: to.rows, configurable: true });
    stdout.emit('resize');
  };
  const raw = (): string => lastFrame() ?? '';
  const frame = (): string => raw().replaceAll(ANSI, '');
  const lines = (): readonly string[] => frame().split('\n');
  /** Waits until the screen shows it. */
  const shows = (text: string | RegExp): Promise<void> => vi.waitFor(() => expect(frame()).toMatch(text));
  const widest = (): number => Math.max(...lines().map(widthOf));
  // The first frame still has the library's 100 columns.
  resize({ columns, rows });
  await vi.waitFor(() => {
    expect(lines().length).toBe(rows);
    expect(widest()).toBeLessThanOrEqual(columns);
  });
  return {
    onQuit,
    unmount,
    resize,
    raw,
    frame,
    lines,
    shows,
    press: (keys: string): void => stdin.write(keys),
    /** The line of the selected row. */
    selected: (): string => lines().find((line) => line.startsWith('>')) ?? '',
    widest,
  };
};

export const KEYS = {
  enter: '\r',
  escape: '\x1b',
  up: '\x1b[A',
  down: '\x1b[B',
  pageUp: '\x1b[5~',
  pageDown: '\x1b[6~',
  ctrlC: '\x03',
  ctrlU: '\x15',
  backspace: '\x7f',
} as const;
