import type { Part } from './options.ts';

/** A part of the page: the results of one run. */
export type Section = { readonly part: Part; readonly lines: readonly string[] };

const ORDER: readonly Part[] = ['capture', 'pipeline', 'screen', 'busy'];

const INTRO = `# Benchmarks

Made by \`npm run bench\`, which rewrites the parts it measures; as root, on Linux, with a C compiler. Each figure is the
median of the rounds, in brackets the least and most. Absolute figures vary from machine to machine: compare within a
table. What is measured how is in \`bench/README.md\`.
`;

const begin = (part: Part): string => `<!-- ${part}: begin -->`;
const end = (part: Part): string => `<!-- ${part}: end -->`;

/** The text of a part as a page has it; null where it has none. */
const partOf = (page: string, part: Part): string | null => {
  const from = page.indexOf(begin(part));
  const to = page.indexOf(end(part), from);
  return from < 0 || to < 0 ? null : page.slice(from, to + end(part).length);
};

/** The page with the new sections in it; those that were not measured again stay as they are. */
export const pageWith = (page: string, sections: readonly Section[]): string =>
  [
    INTRO,
    ...ORDER.flatMap((part) => {
      const section = sections.find((each) => each.part === part);
      const text = section === undefined ? partOf(page, part) : [begin(part), ...section.lines, end(part)].join('\n');
      return text === null ? [] : [`${text}\n`];
    }),
  ].join('\n');
