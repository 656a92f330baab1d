const STEP = 2;
/** No line of a probe script is longer. */
export const MOST_COLUMNS = 120;

const DIRECTIVE = /^\/\/@(if|elif|else|end)\b/;
const spaces = (count: number): string => ' '.repeat(Math.max(0, count));

/** A line's code alone: comments and the text of strings have braces too. */
const codeOf = (line: string): string => line.replace(/"(?:[^"\\]|\\.)*"|\/\*.*?\*\/|\/\/.*$/g, '').trim();

/**
 * Indents a script by its blocks, however deep its parts stood in their own files. A statement keeps the shape of its further
 * lines. Lines of an alternative that is a comment (`//` first of all) are indented behind those two.
 *
 * @throws Error where a block, or one within an alternative, has no end
 */
export const indented = (script: string): string => {
  let depth = 0;
  let isNew = true;
  let moved = 0;
  let groupDepth: number | null = null;

  const take = (line: string): string => {
    const text = line.trim();
    if (text === '' || text.startsWith('//')) return text === '' ? '' : `${spaces(depth * STEP)}${text}`;
    const code = codeOf(text);
    const closed = /^\}*/.exec(code)?.[0].length ?? 0;
    const stood = line.length - line.trimStart().length;
    if (isNew) moved = (depth - closed) * STEP - stood;
    depth += code.split('{').length - code.split('}').length;
    if (depth < 0) throw new Error(`a block ends that has not begun: ${text}`);
    isNew = depth === 0 || /[;{}]$/.test(code);
    return `${spaces(stood + moved)}${text}`;
  };

  const lines = script.split('\n').map((line) => {
    const word = DIRECTIVE.exec(line)?.[1];
    if (word !== undefined) {
      if (groupDepth !== null && groupDepth !== depth) throw new Error(`an alternative leaves a block open: ${line}`);
      groupDepth = word === 'end' ? null : depth;
      return line;
    }
    return groupDepth !== null && line.startsWith('//') ? `//${take(line.slice(2))}` : take(line);
  });
  if (depth !== 0) throw new Error('the script leaves a block open');
  return lines.join('\n');
};

/** Breaks the lines of an indented script that are too long: a comment at a word, a block of one line, an expression. */
export const folded = (script: string): string =>
  script
    .split('\n')
    .flatMap((line) => (line.length > MOST_COLUMNS && !DIRECTIVE.test(line) ? fold(line) : [line]))
    .join('\n');

/** Indentation, behind the two marks of an alternative that is a comment. */
const MARGIN = /^(?:\/\/(?= ))? */;
const BLOCK = /^(.*\)) \{ ([^{}]*;) \}$/;

const fold = (line: string): readonly string[] => {
  const margin = MARGIN.exec(line)?.[0] ?? '';
  const text = line.slice(margin.length);
  if (text.startsWith('// ')) return broken(text.slice(3), / /g, () => 0, `${margin}// `, `${margin}// `);
  const [, head, body] = BLOCK.exec(text) ?? [];
  const rows = head === undefined ? [text] : [`${head} {`, `${spaces(STEP)}${body}`, '}'];
  return rows.flatMap((row) => {
    // The further lines of a block's head stand deeper than the block.
    const next = `${margin}${spaces(row.endsWith('{') ? 2 * STEP : STEP)}`;
    return broken(row, / (?:&&|\|\|?) |, /g, openAt, margin, next);
  });
};

/** Parentheses that are open there. */
const openAt = (text: string, at: number): number =>
  text.slice(0, at).split('(').length - text.slice(0, at).split(')').length;

/** A text in lines, each broken behind a place that leaves it short enough: the least nested, and of these the last. */
const broken = (
  text: string,
  where: RegExp,
  nesting: (text: string, at: number) => number,
  first: string,
  next: string,
): readonly string[] => {
  if (first.length + text.length <= MOST_COLUMNS) return [`${first}${text}`];
  const ends = [...text.matchAll(where)]
    .map((found) => found.index + found[0].trimEnd().length)
    .filter((at) => at > 0 && first.length + at <= MOST_COLUMNS);
  const least = Math.min(...ends.map((at) => nesting(text, at)));
  const end = ends.findLast((at) => nesting(text, at) === least);
  if (end === undefined) return [`${first}${text}`];
  return [`${first}${text.slice(0, end)}`, ...broken(text.slice(end).trimStart(), where, nesting, next, next)];
};
