import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { indented, MOST_COLUMNS } from '../../scripts/indent-probe.ts';
import { generateProbe } from '../../scripts/probe-template.ts';
import { resolveProbe } from '../../src/capture/bpftrace/probe-text.ts';
import { BACKENDS } from '../../src/capture/kernel/backend.ts';
import { loadBtf } from '../../src/capture/kernel/btf.ts';
import { createDecoder } from '../../src/wire/decode.ts';
import { type Field, type Kind, LINES, type Line, PROBE_LINES } from '../../src/wire/schema.ts';
import { BOOT, helloLine } from '../builders/wire-lines.ts';

const folder = new URL('../../probes/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const parts = readdirSync(new URL('parts/', folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.bt'),
);

/** Every printf of a script: its format without the line break, and its arguments. */
const printfs = (text: string): readonly { readonly format: string; readonly args: readonly string[] }[] =>
  [...text.matchAll(/printf\("(.*?)\\n"((?:[^"]|"[^"]*")*?)\);/gs)].map(([, format = '', list = '']) => ({
    format,
    args: splitArguments(list),
  }));

/** Splits at commas outside of parentheses; the list begins with one. */
const splitArguments = (list: string): readonly string[] => {
  const args: string[] = [];
  let depth = 0;
  for (const character of list.replace(/\/\/.*$/gm, '')) {
    if (character === '(' || character === '[') depth++;
    if (character === ')' || character === ']') depth--;
    if (character === ',' && depth === 0) args.push('');
    else if (args.length > 0) args[args.length - 1] += character;
  }
  return args.map((arg) => arg.trim());
};

const VALUES: Readonly<Record<string, string>> = {
  '%llu': String(BOOT + 5n),
  '%llx': '7',
  '%x': '1',
  '%s': '1767225600.250000',
  '%rh': Array.from({ length: 16 }, () => '61').join(' '),
};
const SPEC = /%(?:llu|llx|x|rh|s)/g;
const fill = (format: string): string => format.replace(SPEC, (spec) => VALUES[spec] ?? '');

const SPECS: Readonly<Record<Kind, string>> = {
  decimal: '%llu',
  hex: '%llx',
  hex32: '%x',
  word: '%s',
  comm: '%rh',
  rest: '%s',
};

/** The line of the schema that a script prints with such a letter: a deferred L line only as its second half. */
const lineBy = (letter: string, isDeferred: boolean): Line => {
  const lines: readonly Line[] = isDeferred
    ? [...Object.values(PROBE_LINES), ...Object.values(LINES)]
    : [...Object.values(LINES), PROBE_LINES.asked];
  const found = lines.find((line) => line.letter === letter);
  if (found === undefined) throw new Error(`the schema has no line ${letter}`);
  return found;
};

const leaves = (fields: readonly Field[]): readonly string[] =>
  fields.flatMap(({ name, parts: within = [] }) => [name, ...leaves(within)]);

/** The bits at which fields begin, 0 left out; a field with parts begins where they do. */
const shifts = (fields: readonly Field[], base = 0): readonly number[] =>
  fields
    .flatMap(({ at = 0, parts: within }) => (within === undefined ? [base + at] : shifts(within, base + at)))
    .filter((at) => at > 0);

const SCRIPTS = BACKENDS.flatMap((backend) => [backend, `${backend}-deferred`]);

const tooLong = (text: string): readonly string[] => text.split('\n').filter((line) => line.length > MOST_COLUMNS);

describe.each(SCRIPTS)('probes/%s.bt', (name) => {
  const text = read(`${name}.bt`);
  const isDeferred = name.endsWith('-deferred');

  test('is what its parts generate (npm run probes)', () => {
    expect(text).toBe(generateProbe(name));
  });

  test('has nothing left of its template', () => {
    expect(text).not.toMatch(/@BACKEND@|\/\/@(include|define|print)|<[a-z]+\d*>/);
  });

  test('is indented by its blocks', () => {
    expect(indented(text)).toBe(text);
  });

  test('names the states that it compares with', () => {
    const compared = [...text.matchAll(/\$(?:old|new|last|state) (?:[=!]=|[<>]=?) \d+(.{0,6})/g)];
    expect(compared.length).toBeGreaterThan(3);
    expect(compared.filter(([, behind = '']) => !/^ \/\* [A-Z]/.test(behind))).toEqual([]);
  });

  test('says where each piece of it is from', () => {
    const marks = [...text.matchAll(/^ *\/\/ part: (\S+)$/gm)].map(([, part = '']) => `${part}.bt`);
    expect(marks.length).toBeGreaterThan(10);
    expect(marks.filter((part) => !parts.includes(part))).toEqual([]);
    expect(marks).toContain(isDeferred ? 'deferred/set-state.bt' : 'set-state.bt');
  });

  test('has no line that is too long, but for formats: bpftrace has no string of two lines', () => {
    expect(tooLong(text).filter((line) => !/^ *printf\("[^"]*",$/.test(line))).toEqual([]);
  });

  test('has an end for every if, and none within another', () => {
    let depth = 0;
    for (const line of text.split('\n')) {
      const word = /^\/\/@(\w+)/.exec(line)?.[1];
      if (word === undefined) continue;
      expect(['if', 'elif', 'else', 'end']).toContain(word);
      if (word === 'if') depth++;
      else expect(depth).toBe(1);
      if (word === 'end') depth--;
      expect(depth).toBeLessThanOrEqual(1);
    }
    expect(depth).toBe(0);
  });

  test('has directives that are read: at the beginning of their line, with a condition of a known kind', () => {
    for (const line of text
      .split('\n')
      .filter((each) => /^\s*\/\/\s*@(?:if|elif|else|end|include|define)\b/.test(each))) {
      expect(line).toMatch(/^\/\/@(?:(?:if|elif) (?:(?:struct|func|tracepoint) \S+|filter)|else|end)$/);
    }
  });

  test('has as many arguments as fields in every printf', () => {
    const all = printfs(text);
    expect(all.length).toBe(text.split('printf(').length - 1);
    for (const { format, args } of all) {
      expect(args.length, format).toBe(format.match(SPEC)?.length ?? 0);
      expect(args).not.toContain('');
      expect(format.replace(SPEC, '')).not.toContain('%');
    }
  });

  test('prints lines that the decoder reads, field for field', () => {
    const kinds = printfs(text).map(({ format }) => {
      // A deferred announcement is two lines; finwait makes one of them.
      if (isDeferred && 'BL'.includes(format.charAt(0))) return 'announce';
      // An N line tells the number that ends are counted by: finwait makes E lines of it and of the counts.
      if (isDeferred && format.startsWith('N ')) return 'announce';
      // finwait makes U lines of this and of the map that follows.
      if (format.startsWith('Q ')) return 'pulse';
      const decode = createDecoder();
      decode(helloLine());
      const line = fill(format);
      const event = decode(line);
      expect(event?.kind, format).not.toBe('malformed');
      expect(decode(`${line} 1`)?.kind, format).toBe('malformed');
      expect(decode(line.slice(0, line.lastIndexOf(' ')))?.kind, format).toBe('malformed');
      return event?.kind;
    });
    expect(new Set(kinds)).toEqual(
      new Set([
        'hello',
        'announce',
        'set_state',
        'destroy',
        'retransmit',
        'look',
        'swept',
        'reset',
        'tick',
        'pulse',
        'bye',
      ]),
    );
  });

  test('prints the words of every line in the order of the schema, each as its kind is printed', () => {
    for (const { format, args } of printfs(text)) {
      const { words } = lineBy(format.charAt(0), isDeferred);
      const tokens = format.split(' ').slice(1);
      expect(tokens.length, format).toBe(words.length);
      let next = 0;
      for (const [i, word] of words.entries()) {
        const token = tokens[i] ?? '';
        if (!token.startsWith('%')) {
          // Here always the same: it stands in the format.
          expect(token, word.name).toMatch(word.kind === 'word' ? /^\w+$/ : /^[0-9a-f]+$/);
          continue;
        }
        expect(token, `${format}: ${word.name}`).toBe(SPECS[word.kind]);
        const argument = args[next++] ?? '';
        // Each field in its bits: one that does not begin at 0 is shifted there.
        for (const at of shifts(word.fields)) {
          if (argument.includes('|')) expect(argument, word.name).toContain(`<< ${at})`);
        }
      }
      expect(next).toBe(args.length);
    }
  });

  test('says hello with its own name', () => {
    expect(printfs(text).find(({ format }) => format.startsWith('H '))?.format).toContain(
      ` ${name.replace('-deferred', '')} `,
    );
  });

  test.skipIf(!existsSync('/sys/kernel/btf/vmlinux'))(
    'has, for this kernel, no field that its BTF does not know',
    () => {
      const btf = loadBtf();
      if (btf === undefined) throw new Error('this kernel’s BTF cannot be read');
      const code = resolveProbe(text, btf.has).replace(/\/\/.*$/gm, '');
      const casts: Readonly<Record<string, string>> = { $sk: 'sock', $tp: 'tcp_sock', $icsk: 'inet_connection_sock' };
      const used = [...code.matchAll(/(\$sk|\$tp|\$icsk)->([a-z_0-9]+)/g)].map(
        ([, name = '', field]) => `struct ${casts[name]}.${field}`,
      );
      expect(used.length).toBeGreaterThan(20);
      expect([...new Set(used)].filter((condition) => !btf.has(condition))).toEqual([]);
    },
  );
});

test.each(parts)('probes/parts/%s has no line that is too long', (name) => {
  expect(tooLong(read(`parts/${name}`))).toEqual([]);
});

test('every part is used by some script', () => {
  const all = parts.map((name) => read(`parts/${name}`)).join('\n');
  const included = new Set(
    [...all.matchAll(/^ *\/\/@include (\S+)$/gm)].flatMap(([, name = '']) =>
      ['hook', 'infer'].map((kind) => `${name.replace(/KIND$/, kind)}.bt`),
    ),
  );
  const roots = SCRIPTS.flatMap((script) => [`${script}.bt`, `${script}.head.bt`]);
  expect(parts.filter((name) => !included.has(name) && !roots.includes(name) && name !== 'expressions.bt')).toEqual([]);
});

test('every expression is a field or a word of the schema, or used by some part', () => {
  const all = parts.map((name) => read(`parts/${name}`)).join('\n');
  const fields = [...Object.values(LINES), ...Object.values(PROBE_LINES)].flatMap(({ words }) =>
    words.flatMap((word) => [word.name, ...leaves(word.fields)]),
  );
  const defined = [...all.matchAll(/^\/\/@define (\S+)$/gm)].map(([, name = '']) => name);
  expect(defined.length).toBeGreaterThan(10);
  expect(defined.filter((name) => !all.includes(`<${name}>`) && !fields.includes(name))).toEqual([]);
  expect(defined.length).toBe(new Set(defined).size);
});
