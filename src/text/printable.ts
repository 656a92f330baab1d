/**
 * What may not reach a screen as it is: controls, format and bidi characters, lone surrogates, unassigned code points,
 * every separator but the plain space, invisible characters, and the two emoji joiners on whose width terminals differ.
 */
const HARMFUL = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\p{Emoji_Modifier}\p{Regional_Indicator}]/gu;

const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
};

/**
 * Text that cannot do anything to a screen but be read: what is harmful becomes a visible `\x1b`-style escape.
 *
 * @param text - anything, such as a `comm`, which any process may set to 15 bytes of its liking
 * @returns one line; applying it twice changes nothing more. A backslash stays one, so an escape can be imitated
 */
export const printable = (text: string): string => text.replace(HARMFUL, escaped);
