/**
 * Writes every code unit outside printable ASCII as JSON's `\uXXXX`: controls, DEL, C1, bidi, and the halves of
 * surrogate pairs. Inside a JSON string the text stays the same.
 */
export const asciiText = (text: string): string =>
  text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * JSON that is safe to look at: one line of printable ASCII, whatever the names in it hold. It parses to the same value
 * as `JSON.stringify`'s. All JSON that leaves finwait is made here.
 */
export const asciiJson = (value: object): string => asciiText(JSON.stringify(value));
