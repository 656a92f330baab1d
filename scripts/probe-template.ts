import { readFileSync } from 'node:fs';
import { extentOf } from '../src/wire/layout.ts';
import { type Field, type Kind, type LineName, lineOf, WIRE_VERSION, type Word } from '../src/wire/schema.ts';
import { folded, indented } from './indent-probe.ts';
import { withNames } from './name-numbers.ts';

const part = (name: string): string =>
  readFileSync(new URL(`../probes/parts/${name}.bt`, import.meta.url), 'utf8').trimEnd();

/**
 * The expressions by which the probes read a field of the schema, or a whole word, by its name; and others that parts
 * share.
 */
const expressions = new Map(
  part('expressions')
    .split(/^\/\/@define /m)
    .slice(1)
    .map((entry): [string, string] => {
      const end = entry.indexOf('\n');
      return [entry.slice(0, end), entry.slice(end + 1).trim()];
    }),
);

const SPEC: Readonly<Record<Kind, string>> = {
  decimal: '%llu',
  hex: '%llx',
  hex32: '%x',
  word: '%s',
  comm: '%rh',
  rest: '%s',
};

const expressionOf = (name: string): string => {
  const found = expressions.get(name);
  if (found === undefined) throw new Error(`probes/parts/expressions.bt does not define ${name}`);
  return found;
};

/** A variable of the scripts is as wide as its field already. */
const VARIABLE = /^\$\w+$/;

/**
 * The text that the probe prints for a word: its own expression, or its fields' ones, each in its bits. A field is
 * masked, since bpftrace extends the sign of what it loads.
 */
const printedOf = (word: Word): string => {
  const own = expressions.get(word.name);
  if (own !== undefined && word.fields[0]?.bits === undefined) return own;
  if (own !== undefined && word.fields.length > 1) return own;
  return leavesOf(word.fields)
    .toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0))
    .map((field) => {
      const value = expressionOf(field.name);
      const { at, bits } = extentOf(word, field);
      if (VARIABLE.test(value)) return at === 0 ? value : `(${value} << ${at})`;
      const cut = `((uint64)${value} & 0x${(2n ** BigInt(bits) - 1n).toString(16)})`;
      return at === 0 ? cut : `(${cut} << ${at})`;
    })
    .join(' | ');
};

/** Fields that have an expression; in place of one that has none, its parts. */
const leavesOf = (fields: readonly Field[], base = 0): readonly Field[] =>
  fields.flatMap((field) =>
    expressions.has(field.name) || field.parts === undefined
      ? [{ ...field, at: base + (field.at ?? 0) }]
      : leavesOf(field.parts, base + (field.at ?? 0)),
  );

/** A part of a word is asked for by the word's name wherever it stands. */
const LINE_NAMES: readonly LineName[] = ['deferred', 'closed', 'destroy'];
const words = new Map(
  LINE_NAMES.flatMap((name) => lineOf(name).words.map((word): [string, Word] => [word.name, word])),
);

const MOST_COLUMNS = 110;

/**
 * The `printf` of a line: format and arguments in the schema's order.
 *
 * @param given - by the name of a word, what this place prints for it; a number stands in the format itself
 */
const printOf = (name: LineName, indent: string, given: ReadonlyMap<string, string>): string => {
  const { letter, words: all } = lineOf(name);
  for (const each of given.keys()) {
    if (!all.some((word) => word.name === each)) throw new Error(`line ${name} has no word ${each}`);
  }
  const values = all.map((word) => ({ word, value: given.get(word.name) ?? printedOf(word) }));
  const isLiteral = (value: string): boolean => /^(?:@[A-Z]+@|[0-9a-f]+)$/.test(value);
  const format = values.map(({ word, value }) => (isLiteral(value) ? value : SPEC[word.kind])).join(' ');
  // The mark comes first, and is not newer than the line: whoever finds the line has all that this CPU printed before it.
  const mark = all.some(tellsCpu) ? `${indent}@until[(uint64)cpu] = ${values[0]?.value};\n` : '';
  const args = values
    .filter(({ value }) => !isLiteral(value))
    .map(({ word, value }) => (word.kind === 'comm' ? `buf(${value}, 16)` : value));
  const short = `${indent}printf("${letter} ${format}\\n", ${args.join(', ')});`;
  if (short.length <= MOST_COLUMNS) return mark + short;
  const rows: string[] = [];
  for (const [i, arg] of args.entries()) {
    const text = i === args.length - 1 ? `${arg});` : `${arg},`;
    const last = rows.at(-1);
    if (last !== undefined && `${indent}  ${last} ${text}`.length <= MOST_COLUMNS)
      rows[rows.length - 1] = `${last} ${text}`;
    else rows.push(text);
  }
  const broken = rows.map((row) => wrapped(row, `${indent}  `)).join('\n');
  return `${mark}${indent}printf("${letter} ${format}\\n",\n${broken}`;
};

/** True if the line tells in this word which CPU printed it. */
const tellsCpu = ({ fields }: Word): boolean =>
  fields.some(({ name, parts = [] }) => name === 'cpu' || parts.some((each) => each.name === 'cpu'));

/** A long word, broken behind its bars. */
const wrapped = (row: string, indent: string): string => {
  const lines = [indent];
  for (const piece of row.split(/(?<=\|) /)) {
    const last = lines.at(-1) ?? '';
    if (last.trim() !== '' && `${last} ${piece}`.length > MOST_COLUMNS) lines.push(`${indent}  ${piece}`);
    else lines[lines.length - 1] = last.trim() === '' ? `${indent}${piece}` : `${last} ${piece}`;
  }
  return lines.join('\n');
};

/** `//@print LINE [WORD=VALUE …]`, where a value has no space. More of them may stand in a comment line behind it. */
const PRINT = /^( *)\/\/@print (\w+)((?:(?:\n *\/\/)? \w+=\S+)*)$/gm;

/**
 * A part with all that it includes, each after a comment that says where it is from.
 *
 * @param kind - `hook` or `infer`: the way in which a close is known; names that end in `-KIND` are of that one
 */
const assembled = (name: string, kind: string): string =>
  part(name).replace(/^ *\/\/@include (\S+)$/gm, (_line, each: string) => {
    const included = each.replace(/KIND$/, kind);
    return `// part: ${included}\n${assembled(included, kind)}`;
  });

/** `<NAME>` by the value of that word, or by another expression. */
const withValues = (text: string): string =>
  text.replace(/<(\w+)>/g, (whole, each: string) => {
    const word = words.get(each);
    return word === undefined ? (expressions.get(each) ?? whole) : printedOf(word);
  });

const withPrints = (text: string): string =>
  text.replace(PRINT, (_line, indent: string, name: LineName, given: string) =>
    printOf(
      name,
      indent,
      new Map(
        given
          .trim()
          .split(/\s+/)
          .filter((each) => each !== '' && each !== '//')
          .map((each): [string, string] => {
            const at = each.indexOf('=');
            return [each.slice(0, at), each.slice(at + 1)];
          }),
      ),
    ),
  );

/** The whole text of one probe script, `tracepoint` or `tracepoint-deferred`; `docs/probes.md` says what the parts are. */
export const generateProbe = (name: string): string => {
  const kind = name.startsWith('tracepoint') ? 'infer' : 'hook';
  const program = withPrints(folded(indented(withNames(withValues(assembled(name, kind))))));
  return `${part(`${name}.head`)}\n\n${program}\n`
    .replaceAll('@BACKEND@', name.replace('-deferred', ''))
    .replaceAll('@WIRE@', String(WIRE_VERSION));
};
