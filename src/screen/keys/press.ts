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

/** A control character in the middle of other characters, as `ctrl+letter`. */
const ofCharacter = (character: string): Press => {
  const code = character.codePointAt(0) ?? 0;
  if (character === '\r' || character === '\n') return 'enter';
  if (code === 0x7f || code === 0x08) return 'backspace';
  return code > 0 && code < 0x1b ? `ctrl+${String.fromCharCode(code + 96)}` : character;
};

/**
 * The presses of one input event. Ink passes a whole chunk on at once. Held keys, a script's keys and a paste without
 * brackets come as one text. Escape right before a character comes as that character with `meta`.
 */
export const pressesOf = (input: string, key: Key): readonly Press[] => {
  const named = NAMED.find(([flag]) => key[flag] === true);
  if (named !== undefined) return [named[1]];
  if (key.ctrl) return input === '' ? [] : [`ctrl+${input}`];
  const presses = [...input].map(ofCharacter);
  return key.meta ? ['escape', ...presses] : presses;
};
