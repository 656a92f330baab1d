/** A sentence, and the line on which it begins. */
export type Sentence = { readonly line: number; readonly text: string };

type Line = { readonly at: number; readonly text: string };

/** Ends of sentences, and the tags of a doc comment: another sentence begins behind each. */
const BREAK = /(?<=[.!?]['")*]*)\s+(?=[^a-z])|(?:^|\s+)@(?:returns|throws|param \w+(?: -)?)\s+/;

const sentencesIn = (paragraph: readonly Line[]): readonly Sentence[] => {
  const starts: { readonly offset: number; readonly at: number }[] = [];
  let whole = '';
  for (const { at, text } of paragraph) {
    starts.push({ offset: whole.length, at });
    whole += `${text.trim()} `;
  }
  const found: Sentence[] = [];
  let offset = 0;
  for (const text of whole.split(BREAK)) {
    const from = whole.indexOf(text, offset);
    offset = from + text.length;
    const line = starts.findLast((start) => start.offset <= from)?.at ?? 0;
    if (text.trim() !== '') found.push({ line, text: text.trim() });
  }
  return found;
};

/** Paragraphs are lines that follow each other; `null` ends one. */
const paragraphsOf = (lines: readonly (Line | null)[]): readonly (readonly Line[])[] => {
  const paragraphs: Line[][] = [[]];
  for (const line of lines) {
    if (line === null) paragraphs.push([]);
    else paragraphs.at(-1)?.push(line);
  }
  return paragraphs.filter((paragraph) => paragraph.length > 0);
};

/** A comment behind code: not within quotes, and set off by a space. It often begins small. */
const behindCode = (line: string, mark: '//' | '#'): string | undefined => {
  const [, code = '', text] = (mark === '#' ? /^(.*\S)\s{2}#\s(.*)$/ : /^(.*\S)\s\/\/\s(.*)$/).exec(line) ?? [];
  const isQuoted = ["'", '"', '`'].some((quote) => code.split(quote).length % 2 === 0);
  return isQuoted || text === undefined ? undefined : text.charAt(0).toUpperCase() + text.slice(1);
};

/** The comment text of each line of a script in Python or shell, docstrings included; null for a line without one. */
const hashComments = (lines: readonly string[]): readonly (Line | null)[] => {
  let isDoc = false;
  return lines.flatMap((line, i): (Line | null)[] => {
    const at = i + 1;
    const doc = /^\s*"""(.*?)("""\s*)?$/.exec(line);
    if (isDoc || doc !== null) {
      const text = (doc?.[1] ?? line).replace('"""', '').trim();
      const begins = !isDoc;
      isDoc = isDoc ? !line.includes('"""') : doc?.[2] === undefined;
      return [...(begins ? [null] : []), text === '' ? null : { at, text }, ...(isDoc ? [] : [null])];
    }
    const own = /^\s*#(?!!)\s?(.*)$/.exec(line)?.[1];
    if (own !== undefined) return [own.trim() === '' ? null : { at, text: own }];
    const behind = behindCode(line, '#');
    return [null, ...(behind === undefined ? [] : [{ at, text: behind }, null])];
  });
};

/** The comment text of each line of TypeScript, C or bpftrace's language; null for a line without one. */
const slashComments = (lines: readonly string[]): readonly (Line | null)[] => {
  let isBlock = false;
  let isAlternative = false;
  return lines.flatMap((raw, i): (Line | null)[] => {
    const at = i + 1;
    const isMark = /^\s*\/\/@/.test(raw);
    if (isMark) isAlternative = /@(?:if|elif)/.test(raw);
    if (isMark) return [null];
    // A probe's alternative is code, though each of its lines begins as a comment.
    const line = isAlternative ? raw.replace(/^\/\//, '') : raw;
    const begin = /^\s*\{?\/\*\*?(.*)$/.exec(line)?.[1];
    if (isBlock || begin !== undefined) {
      const text = (begin ?? line.replace(/^\s*\*(?!\/)/, '')).replace(/\*\/.*$/, '').trim();
      const begins = !isBlock;
      isBlock = !line.includes('*/');
      return [...(begins ? [null] : []), text === '' ? null : { at, text }, ...(isBlock ? [] : [null])];
    }
    const own = /^\s*\/\/\s?(.*)$/.exec(line)?.[1];
    if (own !== undefined) return [own.trim() === '' ? null : { at, text: own }];
    const behind = behindCode(line, '//');
    return [null, ...(behind === undefined ? [] : [{ at, text: behind }, null])];
  });
};

/** All sentences of a file's comments. @param file - its name tells the language */
export const commentSentences = (file: string, text: string): readonly Sentence[] => {
  const lines = text.split('\n');
  const comments = /\.(?:tsx?|mjs|bt|c)$/.test(file) ? slashComments(lines) : hashComments(lines);
  return paragraphsOf(comments).flatMap(sentencesIn);
};

/** All sentences of a page but its headings and blocks of code; a cell of a table has sentences of its own. */
export const pageSentences = (text: string): readonly Sentence[] => {
  let isCode = false;
  const lines = text.split('\n').flatMap((line, i): (Line | null)[] => {
    const at = i + 1;
    if (line.trimStart().startsWith('```')) isCode = !isCode;
    if (isCode || /^\s*(?:```|#|<!--|$)/.test(line)) return [null];
    if (line.startsWith('|')) return line.split('|').flatMap((cell) => [null, { at, text: cell }, null]);
    const item = /^\s*(?:[-*]|\d+\.)\s+(.*)$/.exec(line)?.[1];
    return item === undefined ? [{ at, text: line }] : [null, { at, text: item }];
  });
  return paragraphsOf(lines).flatMap(sentencesIn);
};
