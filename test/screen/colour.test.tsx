import { cleanup } from 'ink-testing-library';
import { afterEach, expect, test, vi } from 'vitest';

vi.hoisted(() => {
  // Ink asks for this when it is loaded; the tests' stdout is no terminal.
  process.env['FORCE_COLOR'] = '1';
});

const { takesScreen } = await import('../../src/screen/terminal-kind.ts');
const { aStatus, fakeStore, someRows } = await import('./builders.ts');
const { renderAt } = await import('./render-at.tsx');

afterEach(() => {
  cleanup();
  vi.unstubAllEnvs();
});

/** Foreground and background colours; bold, dim and inverse are none. */
const COLOUR = /\x1b\[(?:3[0-8]|4[0-8]|9\d|10\d)[;m]/;

const drawn = async (): Promise<string> => {
  const screen = await renderAt(fakeStore(someRows(3), aStatus({ lostEvents: 6, notice: 'the map is full' })), 80, 24);
  expect(screen.frame()).toContain('6 LOST');
  return screen.raw();
};

test('the screen has colours, and none where NO_COLOR has a value', async () => {
  vi.stubEnv('NO_COLOR', '');
  expect(await drawn()).toMatch(COLOUR);
  vi.stubEnv('NO_COLOR', '1');
  const plain = await drawn();
  expect(plain).not.toMatch(COLOUR);
  // The loud words and the selected row still stand out.
  expect(plain).toContain('\x1b[7m');
});

test('a dumb terminal, and what is none, get text', () => {
  expect(takesScreen({ isTTY: true }, { TERM: 'xterm' })).toBe(true);
  expect(takesScreen({ isTTY: true }, {})).toBe(true);
  expect(takesScreen({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
  expect(takesScreen({}, { TERM: 'xterm' })).toBe(false);
});
