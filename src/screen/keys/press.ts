import type { Key } from 'ink';

/** One press: a single character, or the name of a key in two letters or more (`up`, `enter`, `ctrl+c`). */
export type Press = string;

const NAMED = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['tab', 'tab'],
  ['backspace', 'backspace'],
  ['delete', 'delete'],
] as const satisfies readonly (readonly [keyof Key, Press])[];

/** A control character that came in the middle of others, as `ctrl+letter`. */
const ofCharacter = (character: string): Press => {
  const code = character.codePointAt(0) ?? 0;
  if (character === '\r' || character === '\n') return 'enter';
  if (code === 0x7f || code === 0x08) return 'backspace';
  return code > 0 && code < 0x1b ? `ctrl+${String.fromCharCode(code + 96)}` : character;
};

/**
 * The presses of one input event. Ink hands over a whole chunk at once: held keys, a script's keys and a paste without
 * brackets come as one text, and Escape right before a character as that character with `meta`.
 */
export const pressesOf = (input: string, key: Key): readonly Press[] => {
  const named = NAMED.find(([flag]) => key[flag] === true);
  if (named !== undefined) return [named[1]];
  if (key.ctrl) return input === '' ? [] : [`ctrl+${input}`];
  const presses = [...input].map(ofCharacter);
  return key.meta ? ['escape', ...presses] : presses;
};
