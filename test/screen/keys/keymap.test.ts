import type { Key } from 'ink';
import { describe, expect, it } from 'vitest';
import { helpLines } from '../../../src/screen/keys/help-lines.ts';
import { BINDINGS, commandFor, type Mode } from '../../../src/screen/keys/keymap.ts';
import { pressesOf } from '../../../src/screen/keys/press.ts';

const NO_KEY: Key = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
  super: false,
  hyper: false,
  capsLock: false,
  numLock: false,
};

describe('pressesOf', () => {
  it('a chunk of several characters is several presses, a carriage return among them enter', () => {
    expect(pressesOf('/ab\r', NO_KEY)).toEqual(['/', 'a', 'b', 'enter']);
    expect(pressesOf('a\x15b', NO_KEY)).toEqual(['a', 'ctrl+u', 'b']);
  });

  it('escape with a character right behind it is both', () => {
    expect(pressesOf('q', { ...NO_KEY, meta: true })).toEqual(['escape', 'q']);
  });

  it('a named key and a control key are one press', () => {
    expect(pressesOf('', { ...NO_KEY, pageDown: true })).toEqual(['pagedown']);
    expect(pressesOf('c', { ...NO_KEY, ctrl: true })).toEqual(['ctrl+c']);
  });
});

describe('commandFor', () => {
  const modes: readonly Mode[] = ['table', 'filter', 'detail', 'help'];

  it('Ctrl+C quits everywhere', () => {
    expect(modes.map((mode) => commandFor(mode, 'ctrl+c'))).toEqual(['quit', 'quit', 'quit', 'quit']);
  });

  it('q quits the table, closes what lies over it, and is a letter in a filter', () => {
    expect(modes.map((mode) => commandFor(mode, 'q'))).toEqual(['quit', undefined, 'close', 'close']);
  });

  it('no press has two meanings on one screen', () => {
    for (const mode of modes) {
      const presses = BINDINGS.filter((binding) => binding.modes.includes(mode)).flatMap(({ presses: own }) => own);
      expect(new Set(presses).size).toBe(presses.length);
    }
  });
});

it('the help names every binding', () => {
  const help = helpLines(200).map((line) => line.map(({ text }) => text.trim()).join(' '));
  for (const { keys, does } of BINDINGS) expect(help).toContain(`${keys} ${does}`);
});
