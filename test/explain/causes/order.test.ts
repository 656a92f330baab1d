import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  CAUSES,
  causeNamed,
  ENDING_CAUSES,
  ENDINGS,
  WAITING_CAUSES,
  WAITS,
} from '../../../src/explain/causes/order.ts';
import { CATALOGUE } from '../../../src/lab/catalogue.ts';
import { ENDINGS as EXPECTED } from '../../lab/endings.ts';

const folder = (path: string): string => fileURLToPath(new URL(`../../../${path}/`, import.meta.url));
const SOURCES = folder('src/explain/causes');
const PAGES = folder('docs/causes');

/** The words that users script against, as the contract lists them. */
const WAITING_FOR = ['ack', 'window', 'peer_fin', 'last_ack', 'linger', 'delivering', 'nothing'];
const ENDED_BY = [
  'acked',
  'time_wait',
  'fin_wait2_timewait',
  'time_wait_overflow',
  'peer_reset',
  'local_reset',
  'data_after_close',
  'retries',
  'window_probes',
  'user_timeout',
  'fin_timeout',
  'keepalive',
  'linger2',
  'linger_zero',
  'unread_data',
  'orphan_limit',
  'out_of_memory',
  'killed',
  'listener_closed',
  'never_connected',
  'resources',
];

const namesOf = (causes: readonly { readonly name: string }[]): readonly string[] => causes.map(({ name }) => name);
const sorted = (names: readonly string[]): readonly string[] => names.toSorted();

describe('the order', () => {
  test('holds exactly the words of the contract', () => {
    expect(sorted(namesOf(WAITS))).toEqual(sorted(WAITING_FOR));
    expect(sorted(namesOf(ENDINGS))).toEqual(sorted(ENDED_BY));
  });

  test('asks for what it lists, each once', () => {
    expect(sorted(namesOf(WAITS))).toEqual(sorted([...namesOf(WAITING_CAUSES), 'nothing']));
    expect(sorted(namesOf(ENDINGS))).toEqual(sorted(namesOf(ENDING_CAUSES)));
    expect(new Set(namesOf(CAUSES)).size).toBe(CAUSES.length);
  });

  test('finds a cause by its name, and none for unknown', () => {
    for (const cause of CAUSES) expect(causeNamed(cause.name)).toBe(cause);
    expect(causeNamed('unknown')).toBeNull();
    expect(causeNamed('nothing')).toBeNull();
  });

  test('has one file a cause, each with one value and nothing else', async () => {
    const files = readdirSync(SOURCES).filter((file) => file !== 'cause.ts' && file !== 'order.ts');
    const all = [...WAITS, ...ENDINGS];
    expect(sorted(files)).toEqual(sorted(namesOf(all).map((name) => `${name.replaceAll('_', '-')}.ts`)));
    for (const cause of all) {
      const exported: object = await import(`${SOURCES}${cause.name.replaceAll('_', '-')}.ts`);
      expect(Object.values(exported), cause.name).toEqual([cause]);
    }
  });

  test('has a page for each cause, and no page without one', () => {
    const pages = readdirSync(PAGES).filter((file) => file !== 'README.md');
    expect(sorted(pages)).toEqual(sorted(namesOf(CAUSES).map((name) => `${name}.md`)));
  });
});

describe.each(CAUSES.map((cause) => [cause.name, cause] as const))('%s', (name, cause) => {
  test('has a meaning, something that helps and something that does not', () => {
    for (const text of [cause.meaning, cause.looksLike, cause.why, cause.howKnown]) expect(text).toMatch(/\.$/);
    expect(cause.knownBy).not.toBe('');
    expect(cause.cites).toMatch(/[a-z0-9]+_[a-z0-9_]+/);
    expect(cause.helps.length).toBeGreaterThan(0);
    expect(cause.doesNotHelp.length).toBeGreaterThan(0);
    for (const text of [...cause.helps, ...cause.doesNotHelp])
      expect(text).toMatch(/^[^a-z].*\.$|^(?:net|connect\(\)).*\.$/);
  });

  test('names the scenario of the lab that shows it', () => {
    expect(CATALOGUE.map((scenario) => scenario.name)).toContain(cause.scenario);
    const expected = EXPECTED[cause.scenario];
    if (expected?.ended_by !== undefined && expected.waiting_for !== undefined) {
      expect([expected.ended_by, expected.waiting_for]).toContain(name);
    }
    const page = readFileSync(`${PAGES}${name}.md`, 'utf8');
    expect(page).toContain(`<!-- capture: ${cause.scenario} -->`);
  });
});

test('no cause advises what the kernel does not have', () => {
  const advised = CAUSES.flatMap(({ helps }) => helps).join(' ');
  expect(advised).not.toMatch(/tcp_tw_recycle|tcp_tw_timeout|tcp_tw_reuse|tcp_abort_on_overflow/);
});

test('tcp_retries2 helps window probes that are answered alone, tcp_orphan_retries those that are not', () => {
  const advising = CAUSES.filter(({ helps }) => helps.join(' ').includes('tcp_retries2'));
  expect(advising.map(({ name }) => name)).toEqual(['window']);
  for (const cause of ['window', 'window_probes'] as const) {
    const sentences =
      causeNamed(cause)?.helps.filter(
        (text) => text.includes('ound it with net.ipv4.tcp_orphan_retries') || text.includes('all orphans'),
      ) ?? [];
    expect(sentences).toHaveLength(1);
    expect(sentences[0]).toMatch(/^Where the peer (is|was) silent/);
  }
});
