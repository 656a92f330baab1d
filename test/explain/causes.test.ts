import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CAUSES, noteOf } from '../../src/explain/causes.ts';
import type { Cause } from '../../src/explain/close-path.ts';
import { CATALOGUE } from '../../src/lab/catalogue.ts';

const PAGES = fileURLToPath(new URL('../../docs/causes/', import.meta.url));

/** The compiler holds that none is missing and none too many. */
const ALL: Readonly<Record<Exclude<Cause, 'unknown'>, true>> = {
  ack: true,
  window: true,
  peer_fin: true,
  last_ack: true,
  linger: true,
  acked: true,
  time_wait: true,
  fin_wait2_timewait: true,
  peer_reset: true,
  data_after_close: true,
  retries: true,
  window_probes: true,
  user_timeout: true,
  fin_timeout: true,
  linger2: true,
  linger_zero: true,
  unread_data: true,
  orphan_limit: true,
  out_of_memory: true,
  killed: true,
  listener_closed: true,
  never_connected: true,
  resources: true,
};

const pages = readdirSync(PAGES)
  .filter((name) => name !== 'README.md')
  .toSorted();
const pageOf = (cause: string): string => readFileSync(`${PAGES}${cause}.md`, 'utf8');
const flat = (text: string): string => text.replace(/\s+/g, ' ');

test('every cause has one note', () => {
  expect(CAUSES.map(({ cause }) => cause).toSorted()).toEqual(Object.keys(ALL).toSorted());
  expect(noteOf('unknown')).toBeNull();
});

test('every cause has a page, every page a cause, and the README lists them', () => {
  expect(pages).toEqual(
    Object.keys(ALL)
      .map((cause) => `${cause}.md`)
      .toSorted(),
  );
  const listed = [...pageOf('README').matchAll(/\]\(([a-z0-9_]+)\.md\)/g)].map(([, cause]) => cause);
  expect(listed.toSorted()).toEqual(Object.keys(ALL).toSorted());
});

describe.each(CAUSES.map((note) => [note.cause, note] as const))('%s', (cause, note) => {
  const page = pageOf(cause);

  test('has a meaning, something that helps and something that does not', () => {
    expect(note.meaning).toMatch(/\.$/);
    expect(note.cites).toMatch(/[a-z0-9]+_[a-z0-9_]+/);
    expect(note.helps.length).toBeGreaterThan(0);
    expect(note.doesNotHelp.length).toBeGreaterThan(0);
    for (const text of [...note.helps, ...note.doesNotHelp])
      expect(text).toMatch(/^[^a-z].*\.$|^(?:net|connect\(\)).*\.$/);
  });

  test('says the same on its page, under the headings that all pages have', () => {
    expect([...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual([
      'What it looks like',
      'Why it happens',
      'What helps',
      'What does not help',
      'How finwait knows',
      'A capture',
    ]);
    expect(page.startsWith(`# ${cause}: ${note.title}\n`)).toBe(true);
    for (const text of [note.meaning, note.cites, ...note.helps, ...note.doesNotHelp])
      expect(flat(page)).toContain(text);
  });

  test('shows a capture of a scenario of the lab', () => {
    const section = page.slice(page.indexOf('## A capture'));
    const [, scenario] = /<!-- capture: (\w+) -->\n[\s\S]*<!-- \/capture -->\n$/.exec(section) ?? [];
    expect(CATALOGUE.map(({ name }) => name)).toContain(scenario);
  });
});

test('no note advises what the kernel does not have', () => {
  const advised = CAUSES.flatMap(({ helps }) => helps).join(' ');
  expect(advised).not.toMatch(/tcp_tw_recycle|tcp_tw_timeout|tcp_tw_reuse|tcp_abort_on_overflow/);
});

test('tcp_retries2 helps window probes that are answered alone, tcp_orphan_retries those that are not', () => {
  const advising = CAUSES.filter(({ helps }) => helps.join(' ').includes('tcp_retries2'));
  expect(advising.map(({ cause }) => cause)).toEqual(['window']);
  for (const cause of ['window', 'window_probes'] as const) {
    const sentences =
      noteOf(cause)?.helps.filter(
        (text) => text.includes('ound it with net.ipv4.tcp_orphan_retries') || text.includes('all orphans'),
      ) ?? [];
    expect(sentences).toHaveLength(1);
    expect(sentences[0]).toMatch(/^Where the peer (is|was) silent/);
  }
});
