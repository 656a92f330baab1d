import { extentOf, isHex } from '../src/wire/layout.ts';
import {
  END_KEY,
  type Field,
  LINES,
  type Line,
  OWN_LINES,
  PROBE_LINES,
  TALLY_KEY,
  WIRE_VERSION,
  type Word,
} from '../src/wire/schema.ts';
import { meaningOf } from './fields-template.ts';

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const bitsText = (at: number, bits: number): string => (bits === 1 ? `${at}` : `${at}–${at + bits - 1}`);

/** Units that a reader of the lines' table wants. The rest is in the tables of fields. */
const TOLD_UNITS: readonly string[] = ['ns', 'ms', 'bytes', 'pages'];

/** A word of one field by what that means, in short; any other by its name. */
const wordText = ({ name, fields: [first], optional }: Word): string => {
  if (first === undefined || first.name !== name) return name;
  const unit = first.unit !== undefined && TOLD_UNITS.includes(first.unit) && name !== 'at' ? ` (${first.unit})` : '';
  const text = `${first.meaning.split(';')[0]}${unit}`;
  return optional === true ? `[${text}]` : text;
};

/** Words of a line; e0, e1, e2 … become e0–e2. */
const wordsText = (words: readonly Word[]): string => {
  const texts: string[] = [];
  let run: Word[] = [];
  const flush = (): void => {
    const [first, last] = [run[0], run.at(-1)];
    if (first !== undefined && last !== undefined) {
      texts.push(run.length > 2 ? `${wordText(first)}–${wordText(last)}` : run.map(wordText).join(', '));
    }
    run = [];
  };
  for (const word of words) {
    const before = run.at(-1);
    const [letter, digit] = [word.name.charAt(0), Number(word.name.slice(1))];
    if (before !== undefined && (before.name.charAt(0) !== letter || Number(before.name.slice(1)) + 1 !== digit))
      flush();
    run.push(word);
  }
  flush();
  return texts.join(', ');
};

const lineTable = (lines: readonly Line[]): readonly string[] => [
  row('line', 'fields'),
  row('---', '---'),
  ...lines.map(({ letter, title, words }) => row(`\`${letter}\` ${title}`, wordsText(words))),
];

const rowsOf = (word: Word, fields: readonly Field[], base = 0): readonly string[] =>
  fields.flatMap((field) => {
    const { at, bits } = extentOf(word, field);
    const own = row(
      base === 0 && fields === word.fields && field === fields[0] ? word.name : '',
      bitsText(base + at, bits),
      `\`${field.name}\``,
      meaningOf(field),
      word.since === undefined ? '' : `${word.since}`,
    );
    return [own, ...rowsOf(word, field.parts ?? [], base + at)];
  });

const fieldTable = (words: readonly Word[]): readonly string[] => [
  row('word', 'bits', 'field', 'meaning', 'since'),
  row('---', '---', '---', '---', '---'),
  ...words.flatMap((word) => rowsOf(word, word.fields)),
];

/** Words that every line of a socket begins with: time and address. */
const HEAD = 2;
const evidence = LINES.retransmit.words.slice(2);
const isEvidence = (word: Word): boolean => evidence.includes(word);

/** The tables of docs/wire-format.md, by the names of the places they stand in. */
export const WIRE_TABLES: Readonly<Record<string, readonly string[]>> = {
  version: [`This page is about version ${WIRE_VERSION}.`],
  lines: lineTable(Object.values(LINES)),
  own: lineTable(Object.values(OWN_LINES)),
  evidence: fieldTable(evidence),
  announcement: fieldTable(LINES.announce.words.slice(HEAD).filter((word) => isHex(word) && !isEvidence(word))),
  deferred: fieldTable(
    LINES.deferred.words.filter((word) => !(LINES.announce.words as readonly Word[]).includes(word)),
  ),
  probes: lineTable(Object.values(PROBE_LINES)),
  destroy: fieldTable(LINES.destroy.words.slice(-1)),
  'probe-words': fieldTable(PROBE_LINES.closed.words.filter(({ name }) => name === 'taskWords')),
  tally: fieldTable([TALLY_KEY]),
  end: fieldTable([END_KEY, ...LINES.ended.words.filter(({ name }) => name === 'end')]),
};

/** The page with its tables made anew. @throws Error when a table has no place, or a place no table */
export const withTables = (page: string): string => {
  const missing = new Set(Object.keys(WIRE_TABLES));
  const text = page.replace(
    /(<!-- from the schema: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_whole, head: string, name: string, end: string) => {
      const table = WIRE_TABLES[name];
      if (table === undefined) throw new Error(`no table ${name}`);
      missing.delete(name);
      return `${head}\n${table.join('\n')}\n\n${end}`;
    },
  );
  if (missing.size > 0) throw new Error(`no place for the tables ${[...missing].join(', ')}`);
  return text;
};
