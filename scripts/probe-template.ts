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

const expand = (text: string): string =>
  text.replace(/^\/\/@include (\S+)$/gm, (_line, name: string) => expand(part(name)));

/** The whole text of one probe script, `tracepoint` or `tracepoint-lazy`; `docs/probes.md` says what the parts are. */
export const generateProbe = (name: string): string =>
  `${part(`${name}.head`)}\n\n${expand(part(name))
    .replaceAll('@BACKEND@', name.replace('-lazy', ''))
    .replace(/<(\w+)>/g, (whole, name: string) => expressions.get(name) ?? whole)}\n`;
