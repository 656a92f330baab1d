import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const TEST = fileURLToPath(new URL('.', import.meta.url));

/** The folders that each folder may import from, besides itself. */
const MATRIX: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  text: ['kernel'],
  wire: ['kernel'],
  filter: ['kernel'],
  order: ['kernel'],
  lifecycle: ['kernel', 'wire'],
  explain: ['kernel', 'text', 'wire', 'lifecycle'],
  stream: ['kernel', 'wire', 'filter', 'order', 'lifecycle', 'explain'],
  programs: ['kernel'],
  capture: ['kernel', 'wire', 'filter', 'programs'],
  record: ['kernel', 'wire', 'programs'],
  output: ['kernel', 'text', 'wire', 'lifecycle', 'explain', 'stream'],
  screen: ['kernel', 'text', 'wire', 'filter', 'lifecycle', 'explain', 'stream', 'output'],
  lab: ['kernel', 'text', 'programs'],
  cli: [
    'kernel',
    'text',
    'wire',
    'filter',
    'explain',
    'stream',
    'programs',
    'capture',
    'record',
    'output',
    'screen',
    'lab',
  ],
  // Two programs: finwait, and the reader that it starts.
  bin: ['cli', 'capture'],
};
/** Values in, values out. */
const PURE = ['kernel', 'wire', 'filter', 'order', 'lifecycle', 'explain', 'stream'];
/** Packages that are as pure as that, and who may import them. */
const PURE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  tinyqueue: ['order', 'lifecycle'],
  valibot: ['wire'],
};

type Import = { readonly specifier: string; readonly isType: boolean };

/** Imports, re-exports and dynamic imports of a source, comments aside. */
const importsOf = (source: string): readonly Import[] => {
  const text = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found: Import[] = [];
  for (const [, type, specifier = ''] of text.matchAll(
    /^(?:import|export)\s+(type\s)?[^;'"]*?\bfrom\s+['"]([^'"]+)['"]/gm,
  )) {
    found.push({ specifier, isType: type !== undefined });
  }
  for (const [, specifier = ''] of text.matchAll(/^import\s+['"]([^'"]+)['"]/gm))
    found.push({ specifier, isType: false });
  for (const [, specifier = ''] of text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)) {
    found.push({ specifier, isType: false });
  }
  for (const [, specifier = ''] of text.matchAll(/\brequire\(\s*['"]([^'"]+)['"]\s*\)/g)) {
    found.push({ specifier, isType: false });
  }
  return found;
};

const files = globSync('**/*.{ts,tsx}', { cwd: SRC }).map((path) => {
  const text = readFileSync(join(SRC, path), 'utf8');
  return { path, folder: path.split('/')[0] ?? '', text, imports: importsOf(text) };
});

/** Code without comments and string contents. */
const codeOf = (text: string): string =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''");

const folderOf = (path: string, specifier: string): string =>
  relative(SRC, join(SRC, path, '..', specifier)).split('/')[0] ?? '';
/** `capture/sockets` of capture/sockets/ss.ts; null of a file that stands in no subfolder. */
const subfolderOf = (path: string): string | null => {
  const parts = path.split('/');
  return parts.length < 3 ? null : `${parts[0]}/${parts[1]}`;
};

/** The first circle found, its start also at its end; empty: none. */
const circleOf = (graph: ReadonlyMap<string, readonly string[]>): readonly string[] => {
  const done = new Set<string>();
  const walk = (node: string, way: readonly string[]): readonly string[] => {
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node];
    if (done.has(node)) return [];
    for (const next of graph.get(node) ?? []) {
      const circle = walk(next, [...way, node]);
      if (circle.length > 0) return circle;
    }
    done.add(node);
    return [];
  };
  for (const node of graph.keys()) {
    const circle = walk(node, []);
    if (circle.length > 0) return circle;
  }
  return [];
};
const isBuiltin = (specifier: string): boolean => specifier.startsWith('node:') || builtinModules.includes(specifier);

describe('the parser of imports', () => {
  test('sees every way to import', () => {
    const source = `
import { a } from './a.ts';
import type { B } from './b.ts';
import {
  c,
  type D,
} from './c.ts';
import e, * as f from 'e';
import 'g';
export { h } from './h.ts';
export * from './i.ts';
export type { J } from './j.ts';
const k = await import('./k.ts');
// import { no } from './no.ts';
/* import { no } from './no.ts'; */
export const from = (x: string) => x;
`;
    expect(importsOf(source).map(({ specifier, isType }) => (isType ? `type ${specifier}` : specifier))).toEqual([
      './a.ts',
      'type ./b.ts',
      './c.ts',
      'e',
      './h.ts',
      './i.ts',
      'type ./j.ts',
      'g',
      './k.ts',
    ]);
  });

  test('sees as many as there are lines that import', () => {
    for (const { path, text, imports } of files) {
      const lines =
        codeOf(text).match(/^import\b|^\} from ''|^export (?:type )?[*{][^;]*from ''|\bimport\(''\)/gm) ?? [];
      const multiline = codeOf(text).match(/^\} from ''/gm)?.length ?? 0;
      expect(imports.length, path).toBe(lines.length - multiline);
    }
  });
});

describe('the house', () => {
  test('has the folders of the matrix, and no other', () => {
    expect([...new Set(files.map(({ folder }) => folder))].toSorted()).toEqual(Object.keys(MATRIX).toSorted());
  });

  test.each(Object.entries(MATRIX))('%s imports from %j only', (folder, allowed) => {
    const wrong = files
      .filter((file) => file.folder === folder)
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(({ specifier }) => ({ path, specifier, from: folderOf(path, specifier) }))
          .filter(({ from }) => from !== folder && !allowed.includes(from)),
      );
    expect(wrong).toEqual([]);
  });

  test('imports its own files by their names, with the extension', () => {
    const local = files.flatMap(({ imports }) => imports.filter(({ specifier }) => specifier.startsWith('.')));
    expect(local.length).toBeGreaterThan(100);
    expect(local.filter(({ specifier }) => !/\.tsx?$/.test(specifier))).toEqual([]);
  });

  test('has no circle of files', () => {
    const graph = new Map(
      files.map(({ path, imports }) => [
        path,
        imports
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(({ specifier }) => relative(SRC, join(SRC, path, '..', specifier))),
      ]),
    );
    expect(circleOf(graph)).toEqual([]);
  });

  test('has no circle of subfolders', () => {
    const graph = new Map<string, string[]>();
    for (const { path, folder, imports } of files) {
      const from = subfolderOf(path);
      if (from === null) continue;
      for (const { specifier } of imports.filter((each) => each.specifier.startsWith('.'))) {
        const to = subfolderOf(relative(SRC, join(SRC, path, '..', specifier)));
        if (to === null || to === from || !to.startsWith(`${folder}/`)) continue;
        graph.set(from, [...(graph.get(from) ?? []), to]);
      }
    }
    expect(graph.size).toBeGreaterThan(5);
    expect(circleOf(graph)).toEqual([]);
  });

  test('has a source for the path of each test', () => {
    const tests = globSync('**/*.test.{ts,tsx}', { cwd: TEST }).filter((path) => (path.split('/')[0] ?? '') in MATRIX);
    const sources = new Set(files.map(({ path }) => path.replace(/\.tsx?$/, '')));
    const folders = new Set(files.map(({ path }) => path.split('/').slice(0, -1).join('/')));
    const lost = tests.filter((path) => {
      const subject = path.replace(/(?:\.property)?\.test\.tsx?$/, '');
      return !sources.has(subject) && !folders.has(subject.split('/').slice(0, -1).join('/'));
    });
    expect(tests.length).toBeGreaterThan(50);
    expect(lost).toEqual([]);
    // One whose name is a source's stands where that source stands.
    const astray = tests.filter((path) => {
      const subject = path.replace(/(?:\.property)?\.test\.tsx?$/, '');
      const named = [...sources].filter(
        (each) => each.split('/').at(-1) === subject.split('/').at(-1) && each.split('/')[0] === subject.split('/')[0],
      );
      return named.length > 0 && !sources.has(subject);
    });
    expect(astray).toEqual([]);
  });

  const importers = (specifier: RegExp): readonly string[] =>
    files.filter(({ imports }) => imports.some((each) => specifier.test(each.specifier))).map(({ path }) => path);

  test('has a first frame that waits for neither Ink nor valibot: what it needs imports neither', () => {
    const needed = new Set<string>();
    const packages = new Set<string>();
    const need = (path: string): void => {
      if (needed.has(path)) return;
      needed.add(path);
      const text = files.find((file) => file.path === path)?.text ?? '';
      for (const { specifier, isType } of importsOf(text.replace(/\bimport\(/g, 'later('))) {
        if (isType) continue;
        if (specifier.startsWith('.')) need(relative(SRC, join(SRC, path, '..', specifier)));
        else if (!isBuiltin(specifier)) packages.add(specifier);
      }
    };
    need('cli/program.ts');
    need('cli/top.ts');
    expect(needed.size).toBeGreaterThan(50);
    expect([...packages].toSorted()).toEqual(['commander', 'tinyqueue']);
  });

  test('starts programs in one folder, which gives them a directory and an environment', () => {
    expect(importers(/^(?:execa|(?:node:)?child_process|(?:node:)?worker_threads)$/).toSorted()).toEqual([
      'programs/lock-file.ts',
      'programs/start-own.ts',
      'programs/start.ts',
    ]);
  });

  test('leaves a program its directory and its environment', () => {
    const calls = files.flatMap(({ path, text }) =>
      [...text.matchAll(/\bstartProgram\(\s*(\S+),[\s\S]*?\);/g)].map(([call, file = '']) => ({ path, call, file })),
    );
    expect(calls.length).toBeGreaterThan(5);
    expect(
      calls.filter(({ call, file }) => /\bcwd\b|\bextendEnv\b|\bshell\b|preferLocal/.test(call) || /['"`]/.test(file)),
    ).toEqual([]);
  });

  test('knows React and Ink in screen only', () => {
    expect(importers(/^(?:ink|react)(?:$|\/)/).filter((path) => !path.startsWith('screen/'))).toEqual([]);
    expect(importers(/^ink$/)).not.toEqual([]);
  });

  test('makes printable text in text only: nobody else says that some text is safe', () => {
    const claim = /^import \{[^}]*\btrusted\b[^}]*\} from '[^']*printable\.ts'|\bas (?:unknown as )?Printable\b/m;
    const claims = files.filter(({ text }) => claim.test(text));
    expect(claims.length).toBeGreaterThan(3);
    expect(claims.filter(({ folder }) => folder !== 'text').map(({ path }) => path)).toEqual([]);
  });

  test('knows commander in cli only', () => {
    expect(importers(/^commander$/).filter((path) => !path.startsWith('cli/'))).toEqual([]);
  });
});

describe.each(PURE)('%s is pure', (folder) => {
  const own = files.filter((file) => file.folder === folder);

  test('it imports neither node nor any package, but types and what is named above', () => {
    const wrong = own.flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier, isType }) => !isType && (isBuiltin(specifier) || !specifier.startsWith('.')))
        .filter(({ specifier }) => !(PURE_PACKAGES[specifier] ?? []).includes(folder))
        .map(({ specifier }) => `${path}: ${specifier}`),
    );
    expect(own.length).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });

  test('it has no clock, timer, chance, environment or output', () => {
    const impure =
      /\bDate\.now\b|\bnew Date\(\)|\bperformance\b|\bprocess\b|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bMath\.random\b|\bcrypto\b|\bconsole\b|\bglobalThis\b|\bfetch\(/;
    // The seed of a hash table decides where an entry stands, and nothing that comes out.
    const seed = 'seed: Math.floor(Math.random() * 2 ** 32)';
    expect(own.filter(({ text }) => impure.test(codeOf(text).replace(seed, ''))).map(({ path }) => path)).toEqual([]);
  });
});
