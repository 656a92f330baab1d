import { readFileSync } from 'node:fs';

const part = (name: string): string =>
  readFileSync(new URL(`../probes/parts/${name}.bt`, import.meta.url), 'utf8').trimEnd();

const expressions = new Map(
  part('expressions')
    .split(/^\/\/@define /m)
    .slice(1)
    .map((entry): [string, string] => {
      const end = entry.indexOf('\n');
      return [entry.slice(0, end), entry.slice(end + 1).trim()];
    }),
);

/** @param kind - `hook` or `infer`: how a close is known; names that end in `-KIND` are of that one */
const expand = (text: string, kind: string): string =>
  text.replace(/^\/\/@include (\S+)$/gm, (_line, name: string) => expand(part(name.replace(/KIND$/, kind)), kind));

/** The whole text of one probe script, `tracepoint` or `tracepoint-lazy`; `docs/probes.md` says what the parts are. */
export const generateProbe = (name: string): string =>
  `${part(`${name}.head`)}\n\n${expand(part(name), name.startsWith('tracepoint') ? 'infer' : 'hook')
    .replaceAll('@BACKEND@', name.replace('-lazy', ''))
    .replace(/<(\w+)>/g, (whole, word: string) => expressions.get(word) ?? whole)}\n`;
