import type { CauseText } from '../src/explain/causes/cause.ts';
import { ENDING_CAUSES, WAITING_CAUSES } from '../src/explain/causes/order.ts';
import type { Printer } from './captures.ts';

const COLUMNS = 118;

type Named = CauseText & { readonly name: string };

/** Words on lines of at most COLUMNS; the lines after the first begin with `indent`. */
const wrapped = (text: string, indent = ''): string => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= COLUMNS) line += ` ${word}`;
    else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line].join('\n');
};

const bullets = (texts: readonly string[]): string => texts.map((text) => wrapped(`- ${text}`, '  ')).join('\n');

/** The page of a cause in docs/causes. */
export const pageOf = (cause: Named, printer: Printer): string => {
  const { scenario, captureNote } = cause;
  const parts = [
    `# ${cause.name}: ${cause.title}`,
    wrapped(cause.meaning),
    '## What it looks like',
    wrapped(cause.looksLike),
    '## Why it happens',
    wrapped(cause.why),
    '## What helps',
    bullets(cause.helps),
    '## What does not help',
    bullets(cause.doesNotHelp),
    '## How finwait knows',
    wrapped(cause.howKnown),
    wrapped(`Kernel: ${cause.cites}.`),
    '## A capture',
    ...(captureNote === undefined ? [] : [wrapped(captureNote)]),
    `<!-- capture: ${scenario} -->`,
    `\`\`\`\n${printer(scenario)}\n\`\`\``,
    '<!-- /capture -->',
  ];
  return `${parts.join('\n\n')}\n`;
};

const index = (causes: readonly Named[]): string =>
  ['| | |', '|---|---|', ...causes.map(({ name, title }) => `| [${name}](${name}.md) | ${title} |`)].join('\n');

/** docs/causes/README.md */
export const readmeOf = (): string => `# Causes

One page for each word that \`waiting_for\` and \`ended_by\` can have, but for \`nothing\` and \`unknown\`: what it looks like,
why it happens, what helps, and what does not help though it is often advised. \`finwait explain --list\` prints the
same on a terminal, \`finwait explain --list CAUSE\` one of them. Each page ends with a real capture: what
\`finwait explain\` prints of a socket in the recordings of [test/fixtures](../../test/fixtures).

## What a dying socket waits for

${index(WAITING_CAUSES)}

## How a socket ended

${index(ENDING_CAUSES)}
`;

/** A row for each cause; one for several that are known by the same. */
const knownTable = (causes: readonly Named[]): string => {
  const names = new Map<string, string[]>();
  for (const { name, knownBy } of causes) names.set(knownBy, [...(names.get(knownBy) ?? []), `\`${name}\``]);
  return ['| | known by |', '|---|---|', ...[...names].map(([known, of]) => `| ${of.join(', ')} | ${known} |`)].join(
    '\n',
  );
};

const TABLES = { waiting_for: knownTable(WAITING_CAUSES), ended_by: knownTable(ENDING_CAUSES) } as const;

/**
 * A document with the tables of how each cause is known between `<!-- causes: waiting_for -->` and `<!-- /causes -->`.
 */
export const withTables = (text: string): string =>
  Object.entries(TABLES).reduce(
    (doc, [word, table]) =>
      doc.replace(
        new RegExp(`(<!-- causes: ${word} -->\\n)[\\s\\S]*?(<!-- /causes -->)`),
        (_, begin: string, end: string) => `${begin}\n${table}\n\n${end}`,
      ),
    text,
  );
