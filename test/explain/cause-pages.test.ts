import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Printer, readCaptures } from '../../scripts/captures.ts';
import { pageOf, readmeOf, withTables } from '../../scripts/cause-pages.ts';
import { CAUSES } from '../../src/explain/causes/order.ts';

const docs = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), 'utf8');
const flat = (text: string): string => text.replace(/\s+/g, ' ');
const HINT = 'run: npm run captures';

describe('docs/causes', () => {
  let printer: Printer;
  beforeAll(async () => {
    printer = await readCaptures();
  });

  it.for(CAUSES.map((cause) => [cause.name, cause] as const))(
    '%s.md is what its cause says, and what explain prints of its recording now',
    ([name, cause]) => {
      expect(docs(`causes/${name}.md`), HINT).toBe(pageOf(cause, printer));
    },
  );

  it.for(CAUSES.map((cause) => [cause.name, cause] as const))(
    '%s.md holds every text of its cause',
    ([name, cause]) => {
      const page = flat(docs(`causes/${name}.md`));
      const { title, meaning, looksLike, why, helps, doesNotHelp, howKnown, cites } = cause;
      for (const text of [title, meaning, looksLike, why, ...helps, ...doesNotHelp, howKnown, cites])
        expect(page).toContain(text);
    },
  );

  it.for(CAUSES.map(({ name }) => name))(
    '%s.md shows one socket, certain, that died of it, or that waited or waits for it',
    (name) => {
      const block = /```\n\$ finwait explain ([\s\S]*?)```/.exec(docs(`causes/${name}.md`))?.[1] ?? '';
      expect(block.match(/^ {2}socket {6}/gm)).toHaveLength(1);
      expect([/ {2}died .*: (\w+)/.exec(block)?.[1], /^ {2}wait(?:ed|s) for {2,3}(\w+)$/m.exec(block)?.[1]]).toContain(
        name,
      );
      expect(block).toMatch(/^ {2}certain {5}yes$/m);
      const [, ...printed] = block.split('\n');
      expect(Math.max(...printed.map((line) => line.length))).toBeLessThanOrEqual(80);
    },
  );

  it('README.md lists every cause', () => {
    expect(docs('causes/README.md'), HINT).toBe(readmeOf());
    for (const { name, title } of CAUSES) expect(readmeOf()).toContain(`| [${name}](${name}.md) | ${title} |`);
  });

  it('has no page without a recording', () => {
    expect(() => printer('nothing')).toThrow('nothing');
  });
});

describe('docs/close-path.md', () => {
  it('says how each cause is known, in the words of its cause', () => {
    expect(withTables(docs('close-path.md')), HINT).toBe(docs('close-path.md'));
    for (const { name, knownBy } of CAUSES) {
      const row = docs('close-path.md')
        .split('\n')
        .find((line) => line.startsWith('| `') && line.includes(`\`${name}\``) && line.endsWith(`| ${knownBy} |`));
      expect(row, name).toBeDefined();
    }
  });
});
