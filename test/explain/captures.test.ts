import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { PAGES, type Printer, pageNames, readCaptures, withCaptures } from '../../scripts/captures.ts';

describe('the captures on the pages of the causes', () => {
  let printer: Printer;
  beforeAll(async () => {
    printer = await readCaptures();
  });

  it.for(pageNames())('%s shows what explain prints of its recording now', (name) => {
    const page = readFileSync(PAGES + name, 'utf8');
    expect(withCaptures(page, printer), 'run: node scripts/capture-causes.ts').toBe(page);
  });

  it.for(pageNames())('%s shows one socket, certain, that died of this cause or waited for it', (name) => {
    const cause = name.replace(/\.md$/, '');
    const block = /```\n\$ finwait explain ([\s\S]*?)```/.exec(readFileSync(PAGES + name, 'utf8'))?.[1] ?? '';
    expect(block.match(/^ {2}socket {6}/gm)).toHaveLength(1);
    expect([/ {2}died .*: (\w+)/.exec(block)?.[1], /^ {2}waited for {2}(\w+)$/m.exec(block)?.[1]]).toContain(cause);
    expect(block).toMatch(/^ {2}certain {5}yes$/m);
    expect(
      Math.max(
        ...block
          .split('\n')
          .slice(1)
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(80);
  });

  it('a page whose recording is not there cannot be made', () => {
    expect(() => withCaptures('<!-- capture: nothing -->\n<!-- /capture -->', printer)).toThrow('nothing');
  });
});
