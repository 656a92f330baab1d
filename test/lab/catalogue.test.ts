import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CATALOGUE, selectScenarios, shuffled } from '../../src/lab/catalogue.ts';
import { byHandPreamble } from '../../src/lab/scenario.ts';

const FOLDER = fileURLToPath(new URL('../../src/lab/', import.meta.url));
const names = (words: readonly string[]): readonly string[] => selectScenarios(words).scenarios.map(({ name }) => name);

/** The worker's scenarios: its functions under `@scenario(…)`. */
const played = globSync('ways_*.py', { cwd: FOLDER }).flatMap((file) =>
  [...readFileSync(FOLDER + file, 'utf8').matchAll(/^@scenario\((.*)\)\ndef (\w+)\(p\):/gm)].map(
    ([, options = '', name = '']) => ({ name, isHost: options.includes('host=True') }),
  ),
);

describe('the catalogue', () => {
  it('and the worker know the same scenarios, each once', () => {
    expect(CATALOGUE.map(({ name }) => name).toSorted()).toEqual(played.map(({ name }) => name).toSorted());
    expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length);
  });

  it('and the worker agree on what touches the whole host', () => {
    expect(names(['host']).toSorted()).toEqual(
      played
        .filter(({ isHost }) => isHost)
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  it('says all that a person needs of each, in lines that a terminal can show', () => {
    for (const { name, title, does, byHand, ss, finwait } of CATALOGUE) {
      for (const text of [title, does, ss, finwait, ...byHand]) expect(text, name).toMatch(/^[\x20-\x7e…]+$/);
      expect(byHand.length, name).toBeGreaterThan(0);
    }
  });

  it('is in docs/lab.md, whole', () => {
    const page = readFileSync(new URL('../../docs/lab.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `(\w+)`(?: \(.*?\))? \| (?:<1|\d+) \| (.*?) \| /gm)].map(([, name, title]) => [
      name,
      title,
    ]);
    expect(rows).toEqual(CATALOGUE.map(({ name, title }) => [name, title]));
  });

  it('uses words in its commands that the preamble defines', () => {
    const preamble = byHandPreamble({ near: 'n', far: 'f', near_addr: 'fd00::1', far_addr: 'fd00::2' }).join('\n');
    const known = new Set(['near', 'far', 'peer', 'dial', 'drop', 'heal', 'sysctl', 'dmesg', '(sleep', 'old=$(sysctl']);
    for (const word of ['near()', 'far()', 'peer()', 'dial()', 'drop()', 'heal()', 'AF_INET6']) {
      expect(preamble).toContain(word);
    }
    for (const { name, byHand } of CATALOGUE) {
      for (const line of byHand) expect(known, `${name}: ${line}`).toContain(line.split(/[ ;]/)[0]);
    }
  });
});

describe('a choice of scenarios', () => {
  it('is the quick ones when nothing is named, and never touches the host unasked', () => {
    expect(names([])).toEqual(names(['quick']));
    const unasked = [...names([]), ...names(['all'])];
    expect(unasked).toContain('active_close');
    for (const name of names(['host'])) expect(unasked).not.toContain(name);
  });

  it('quick and slow are all', () => {
    expect([...names(['quick']), ...names(['slow'])].toSorted()).toEqual([...names(['all'])].toSorted());
    expect(names(['slow'])).toContain('retries_default');
  });

  it('keeps the order of the names, takes each once, and either spelling', () => {
    expect(names(['passive-close', 'ACTIVE_CLOSE', 'passive_close'])).toEqual(['passive_close', 'active_close']);
  });

  it('tells which names are none', () => {
    expect(selectScenarios(['active_close', 'sudden_death', '']).unknown).toEqual(['sudden_death', '']);
  });
});

describe('a shuffle', () => {
  it('loses nothing, and is the same for the same seed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const once = shuffled(items, seed);
        expect(once).toEqual(shuffled(items, seed));
        expect(once.toSorted((a, b) => a - b)).toEqual(items.toSorted((a, b) => a - b));
      }),
    );
  });

  it('differs with the seed', () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    expect(new Set([1, 2, 3].map((seed) => shuffled(items, seed).join())).size).toBe(3);
  });
});
