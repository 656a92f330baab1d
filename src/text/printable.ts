declare const mark: unique symbol;

/**
 * Text that is safe for a terminal: it can only be read there. Code that writes to a screen takes nothing else. So text
 * of unknown origin, such as the name of a process, does not compile onto it unless it went through `printable`.
 */
export type Printable = string & { readonly [mark]: true };

/**
 * Values that may stand in printable text as they are: `Printable`, a number, and text of the source code itself, which
 * is to say a literal type. Any other text becomes a type that it does not fit. Use it as `(text: Text & Safe<Text>)`.
 */
export type Safe<Value> = Value extends Printable | number
  ? Value
  : Value extends string
    ? Record<never, never> extends Record<Value, 1>
      ? 'give it to printable() first'
      : Value
    : never;

/**
 * Characters that may not reach a screen as they are: controls, format and bidi characters, lone surrogates, unassigned
 * code points, every separator but the plain space, invisible characters, and the two emoji joiners on whose width
 * terminals differ.
 */
const HARMFUL = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\p{Emoji_Modifier}\p{Regional_Indicator}]/gu;

/** Most text is this, and it is found out in a third of the time. */
const PLAIN = /^[\x20-\x7e]*$/;

const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
};

/** For src/text alone: text that is made there of numbers and literals, or is a piece of printable text. */
export const trusted = (text: string): Printable => text as Printable;

/**
 * Text that cannot do anything to a screen but be read: harmful characters become visible `\x1b`-style escapes.
 *
 * @param text - anything, such as a `comm`, which any process may set to 15 bytes of its liking
 * @returns one line; applying it twice changes nothing more. A backslash stays one, so an escape can be imitated
 */
export const printable = (text: string): Printable => trusted(PLAIN.test(text) ? text : text.replace(HARMFUL, escaped));

/** Text that is safe as it stands: a literal, mostly. */
export const asPrintable = <const Text extends string>(text: Text & Safe<Text>): Printable => trusted(text);

/** A template of the source code around printable text and numbers: ``safe`${printable(comm)}[${pid}]` ``. */
export const safe = <const Values extends readonly unknown[]>(
  literals: TemplateStringsArray,
  ...values: Values & { readonly [At in keyof Values]: Safe<Values[At]> }
): Printable => {
  const shown: readonly (string | number)[] = values as readonly (string | number)[];
  let text = literals[0] ?? '';
  // Twice as fast as with templates; a line of trace is one of these.
  for (let at = 0; at < shown.length; at++) text = text + shown[at] + literals[at + 1];
  return trusted(text);
};

/** Does the work of `Array.join`. */
export const joined = <const Text extends string, const Between extends string>(
  texts: readonly (Text & Safe<Text>)[],
  between: Between & Safe<Between>,
): Printable => trusted(texts.join(between));

/** `text` so many times, which is none below 1. */
export const repeated = <const Text extends string>(text: Text & Safe<Text>, times: number): Printable =>
  trusted(text.repeat(Math.max(0, times)));
