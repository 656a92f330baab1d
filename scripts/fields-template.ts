import { extentOf, isHex, placeOf } from '../src/wire/layout.ts';
import { type Field, LINES, type Line, type Unit, type Word } from '../src/wire/schema.ts';

const UNITS: Readonly<Record<Unit, string>> = {
  bytes: 'bytes',
  jiffies: 'jiffies',
  ms: 'ms',
  us: 'µs',
  ns: 'ns',
  pages: 'pages',
  state: 'a TCP state',
  errno: 'an errno',
  seq: 'a sequence number',
  port: '',
  address: '',
};

/** A field's meaning with its unit, its sign and what means unknown. */
export const meaningOf = ({ meaning, unit, signed, unknown }: Field): string =>
  [
    meaning,
    ...(unit === undefined || UNITS[unit] === '' ? [] : [UNITS[unit]]),
    ...(signed === true ? ['signed'] : []),
    ...(unknown === undefined ? [] : [`${unknown} unknown`]),
  ].join(', ');

/** The line that has every field: A lines have the first of them, S and R lines the first of those. */
const WHOLE = 'deferred';

const shown = (words: readonly Word[]): readonly (readonly [Word, Field])[] =>
  words
    .filter(isHex)
    .flatMap((word) => word.fields.filter(({ raw }) => raw !== true).map((field): [Word, Field] => [word, field]));

const isWide = (word: Word, field: Field): boolean => extentOf(word, field).bits === 64;

const typeOf = (word: Word, field: Field): string => {
  const type = isWide(word, field) ? 'string' : 'number';
  return field.unknown === undefined ? type : `${type} | null`;
};

const hex = (mask: number): string => `0x${mask.toString(16)}`;

/** An expression that reads the field out of `h`. */
const readerOf = (word: Word, field: Field): string => {
  if (isWide(word, field)) {
    const high = 2 * (placeOf(WHOLE, 'flags').half + wholeIndex(word));
    return `decimalOfHalves(h[${high}] as number, h[${high + 1}] as number)`;
  }
  const { half, shift, mask } = placeOf(WHOLE, field.name);
  const whole = `h[${half}] as number`;
  const shifted = shift === 0 ? `(${whole})` : `((${whole}) >>> ${shift})`;
  let value = whole;
  if (mask !== 0xffffffff)
    value = shift > 0 && (mask << shift) >>> 0 >= 0x80000000 ? `(${whole}) >>> ${shift}` : `${shifted} & ${hex(mask)}`;
  if (field.signed === true) value = `(${whole}) | 0`;
  if (field.unit === 'port') value = `swap16(${value})`;
  if (field.unknown !== undefined) value = `orNull(${value}, ${field.unknown})`;
  return value;
};

const wholeIndex = (word: Word): number =>
  LINES[WHOLE].words.findIndex(({ name }) => name === word.name) -
  LINES[WHOLE].words.findIndex(({ name }) => name === 'e0');

const typeText = (name: string, doc: string, fields: ReturnType<typeof shown>): string =>
  [
    `/** ${doc} */`,
    `export type ${name} = {`,
    ...fields.map(([word, field]) => {
      const text = meaningOf(field);
      const since = word.since === undefined ? '' : ` Null before wire version ${word.since}.`;
      return `  /** ${text.charAt(0) === '`' ? text : text.charAt(0).toUpperCase() + text.slice(1)}.${since} */\n  readonly ${field.name}: ${typeOf(word, field)};`;
    }),
    '};',
  ].join('\n');

const readText = (name: string, doc: string, type: string, fields: ReturnType<typeof shown>): string =>
  [
    `/** ${doc} @param h - the halves of a line, from e0 on */`,
    `export const ${name} = (h: Uint32Array): ${type} => ({`,
    ...fields.map(([word, field]) => `  ${field.name}: ${readerOf(word, field)},`),
    '});',
  ].join('\n');

/** The text of src/wire/fields.ts: object literals with every index in its place, the fastest there is. */
export const fieldsModule = (): string => {
  const announced: Line = LINES.announce;
  const evidenceWords = LINES.retransmit.words.slice(2);
  const evidence = shown(evidenceWords);
  const rest = shown(announced.words.filter((word) => !evidenceWords.includes(word)));
  const hasUnknown = [...evidence, ...rest].some(([, { unknown }]) => unknown !== undefined);
  return `${[
    [
      "// Generated from schema.ts by 'npm run probes': edit that.",
      "import { swap16 } from '../kernel/address.ts';",
      "import { decimalOfHalves } from '../kernel/hex.ts';",
    ].join('\n'),
    typeText(
      'Evidence',
      'The part of a line that shows a sock at one instant. A sequence number is a u32, a timer the low 32 bits of jiffies.',
      evidence,
    ),
    typeText('AnnounceFields', 'The part that only A and L lines have. An id of 64 bits is decimal text.', rest),
    ...(hasUnknown
      ? ['const orNull = (value: number, unknown: number): number | null => (value === unknown ? null : value);']
      : []),
    readText('readEvidence', 'Reads what a sock shows.', 'Evidence', evidence),
    readText('readAnnounceFields', 'Reads what an announcement says beside.', 'AnnounceFields', rest),
  ].join('\n\n')}\n`;
};
