import { CLOSES } from './closes.ts';
import { LIMITS } from './limits.ts';
import { PROCESSES } from './processes.ts';
import { RESETS } from './resets.ts';
import type { Scenario } from './scenario.ts';

/** Every way to die that the lab knows. */
export const CATALOGUE: readonly Scenario[] = [...CLOSES, ...RESETS, ...LIMITS, ...PROCESSES];

/** A longer scenario is left out unless it is asked for. */
const QUICK_S = 10;

/** Names that stand for many scenarios. */
export const GROUPS: Readonly<Record<string, (scenario: Scenario) => boolean>> = {
  quick: (scenario) => scenario.needs !== 'host' && scenario.seconds <= QUICK_S,
  slow: (scenario) => scenario.needs !== 'host' && scenario.seconds > QUICK_S,
  host: (scenario) => scenario.needs === 'host',
  all: (scenario) => scenario.needs !== 'host',
};

/**
 * The scenarios of these names and groups, in the order they were named; `quick` when there are none.
 *
 * @returns `unknown`: the words that are neither a name nor a group
 */
export const selectScenarios = (
  words: readonly string[],
): { readonly scenarios: readonly Scenario[]; readonly unknown: readonly string[] } => {
  const unknown: string[] = [];
  const scenarios = (words.length === 0 ? ['quick'] : words).flatMap((word) => {
    const name = word.replaceAll('-', '_').toLowerCase();
    const group = GROUPS[name];
    const found = CATALOGUE.filter((scenario) => (group === undefined ? scenario.name === name : group(scenario)));
    if (found.length === 0) unknown.push(word);
    return found;
  });
  return { scenarios: [...new Set(scenarios)], unknown };
};

/**
 * An order of the machine's own making, the same for the same seed (mulberry32, Fisher-Yates).
 *
 * @param seed - an integer; its lowest 32 bits count
 */
export const shuffled = <T>(items: readonly T[], seed: number): readonly T[] => {
  const result = [...items];
  let state = seed | 0;
  for (let left = result.length; left > 1; left--) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    const at = ((t ^ (t >>> 14)) >>> 0) % left;
    const last = result[left - 1] as T;
    result[left - 1] = result[at] as T;
    result[at] = last;
  }
  return result;
};
