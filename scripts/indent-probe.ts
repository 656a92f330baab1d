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
