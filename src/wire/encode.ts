import { swap16 } from '../kernel/address.ts';
import { extentOf } from './layout.ts';
import { type Field, type LineName, lineOf, type Word } from './schema.ts';

/** Values by the names of fields, of their parts, or of whole words. */
export type Values = Readonly<Record<string, number | bigint | string | undefined>>;

const fieldBits = (word: Word, field: Field, values: Values, base = 0): bigint => {
  const { bits } = extentOf(word, field);
  const value = values[field.name];
  if (value === undefined && field.parts !== undefined) {
    return (
      field.parts.reduce((sum, part) => sum | fieldBits(word, part, values, 0), 0n) << BigInt(base + (field.at ?? 0))
    );
  }
  const number = BigInt.asUintN(bits, BigInt(value ?? field.unknown ?? 0));
  const written = field.unit === 'port' ? BigInt(swap16(Number(number))) : number;
  return written << BigInt(base + (field.at ?? 0));
};

const wordText = (word: Word, values: Values): string => {
  const given = values[word.name];
  if (typeof given === 'string' || (word.kind === 'decimal' && given !== undefined)) return String(given);
  if (word.kind === 'comm') return '00 '.repeat(16).trimEnd();
  if (word.kind === 'decimal') return '0';
  return word.fields.reduce((sum, field) => sum | fieldBits(word, field, values), 0n).toString(16);
};

/**
 * A line of the wire.
 *
 * @param values - a text is its whole word as it stands; a number is cut to its field's bits. A field left out is
 *   unknown where the schema has a value for that, else 0
 * @throws Error for a name that the line does not have
 */
export const encodeLine = (name: LineName, values: Values): string => {
  const { letter, words } = lineOf(name);
  const known = namesOf(name);
  for (const each of Object.keys(values)) if (!known.has(each)) throw new Error(`line ${name} has no field ${each}`);
  return [letter, ...words.map((word) => wordText(word, values))].join(' ');
};

const names = new Map<LineName, ReadonlySet<string>>();

const namesOf = (name: LineName): ReadonlySet<string> => {
  const before = names.get(name);
  if (before !== undefined) return before;
  const all = new Set(
    lineOf(name).words.flatMap((word) => [
      word.name,
      ...word.fields.flatMap((field) => [field.name, ...(field.parts ?? []).map((part) => part.name)]),
    ]),
  );
  names.set(name, all);
  return all;
};
