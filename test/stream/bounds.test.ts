import { describe, expect, test } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { type OpenStream, openStream } from '../../src/stream/open-stream.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { parseHostFacts } from '../../src/wire/host-facts-json.ts';
import { aHostFacts } from '../builders/host-facts.ts';
import { aMeta } from '../builders/meta.ts';
import {
  announceLine,
  destroyLine,
  helloLine,
  hostFactsLine,
  inventoriedLine,
  inventoryEndLine,
  kernelLogLine,
  lostLine,
  ms,
  noticeLine,
  resetLine,
  sampleLine,
  setStateLine,
  tallyLine,
  tickLine,
} from '../builders/wire-lines.ts';

type Folded = { readonly fold: OpenStream; readonly paths: readonly ClosePath[]; readonly notices: readonly string[] };

const folded = (lines: Iterable<string>): Folded => {
  const paths: ClosePath[] = [];
  const notices: string[] = [];
  const fold: OpenStream = openStream(aMeta(), {
    onEnd: (sock) => {
      const path = fold.describe(sock);
      if (path !== null) paths.push(path);
    },
    onLedger: () => {},
    onNotice: (text) => notices.push(text),
  });
  fold.push(helloLine());
  for (const line of lines) fold.push(line);
  fold.end();
  return { fold, paths, notices };
};
const lostOf = ({ fold }: Folded): number => fold.tracker.counters().lostEvents;
const times = (count: number, line: (i: number) => string): readonly string[] =>
  Array.from({ length: count }, (_, i) => line(i));
const skOf = (i: number): string => (0xffff_8880_0000n + BigInt(i) * 64n).toString(16);

describe('what is beyond a bound counts as lost, and is said by its reason with its number', () => {
  test('orphans of an inventory; and the ledger takes what it kept for the baseline', { timeout: 120_000 }, () => {
    const many = times(BOUNDS.inventory + 7, (i) =>
      inventoriedLine(i, { peer: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` }),
    );
    const run = folded([...many, inventoryEndLine(BOUNDS.inventory + 8)]);
    expect(run.fold.tracker.silentCount()).toBe(BOUNDS.inventory);
    expect(lostOf(run)).toBe(7);
    expect(run.notices.at(-1)).toMatch(/^6 events lost: orphans of an inventory beyond 262144$/);
  });

  test('classes of fast deaths: those known already go on counting', () => {
    const classes = times(BOUNDS.tallies + 5, (i) => tallyLine(i, 2, { err: i }));
    const run = folded([...classes, tallyLine(BOUNDS.tallies + 6, 10, { err: 0 }), tickLine(ms(100))]);
    expect(lostOf(run)).toBe(5);
    expect(run.fold.tracker.counters().tallied).toBe(2 * BOUNDS.tallies + 8);
    expect(run.notices.join()).toMatch(/events lost: counts of fast deaths of more than 16384 classes/);
  });

  test('transitions of one socket: how it stands is told all the same, and its path is not certain', () => {
    const moves = times(BOUNDS.moves + 3, (i) =>
      setStateLine({ at: 10 + i, from: i % 2 ? 'FIN_WAIT2' : 'FIN_WAIT1', to: i % 2 ? 'FIN_WAIT1' : 'FIN_WAIT2' }),
    );
    const run = folded([announceLine({ at: 5 }), ...moves, tickLine(ms(100)), destroyLine({ at: ms(200) })]);
    expect(lostOf(run)).toBe(3);
    const [path] = run.paths;
    expect(path?.gaps).toContain('transition_missed');
    expect(path?.certain).toBe(false);
    expect(path?.path.length).toBeLessThanOrEqual(BOUNDS.moves + 4);
    expect(path?.path.at(-1)?.to).toBe('FIN_WAIT2');
  });

  test('deaths of one moment: each has its path, the first without waiting for a reset', () => {
    const count = BOUNDS.ended + 3;
    const lives = times(count, (i) => announceLine({ at: 5, sk: skOf(i) }));
    const run = folded([...lives, ...times(count, (i) => destroyLine({ at: 6, sk: skOf(i) }))]);
    expect(run.paths).toHaveLength(count);
    expect(lostOf(run)).toBe(3);
    expect(run.paths.filter(({ gaps }) => gaps.includes('events_lost'))).toHaveLength(3);
  });

  test('dying sockets with resets: beyond the bound they are kept without them, and not certain', () => {
    const count = BOUNDS.unpacked + 1000;
    const lines = times(count, (i) =>
      i % 2 === 0
        ? announceLine({ at: 1000 * i, sk: skOf(i) })
        : resetLine({ at: 1000 * i, sk: skOf(i - 1), sent: true, answersSegment: true }),
    );
    const few = folded([...lines, tickLine(1000 * count)]);
    expect(lostOf(few)).toBe(0);
    const more = times(count, (i) =>
      i % 2 === 0
        ? announceLine({ at: 1000 * (count + i), sk: skOf(count + i) })
        : resetLine({ at: 1000 * (count + i), sk: skOf(count + i - 1), sent: true, answersSegment: true }),
    );
    const many = folded([...lines, ...more, tickLine(2000 * count)]);
    expect(many.fold.tracker.dyingCount()).toBe(count);
    expect(lostOf(many)).toBeGreaterThan(0);
    const doubted = [...many.fold.tracker.live()].filter(({ gaps }) => gaps.has('events_lost'));
    expect(doubted).toHaveLength(lostOf(many));
  });

  test('samples that wait to be compared', () => {
    const run = folded([...times(BOUNDS.samples + 4, (i) => sampleLine(5 + i, 1)), tickLine(ms(100))]);
    expect(lostOf(run)).toBe(4);
  });

  test('an inventory that was not kept whole proves of no socket that it has gone', { timeout: 120_000 }, () => {
    const lines = [
      announceLine({ at: 5, peer: '192.0.2.9' }),
      ...times(BOUNDS.inventory + 1, (i) =>
        inventoriedLine(10 + i, { peer: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` }),
      ),
      inventoryEndLine(ms(10), { attachedAt: ms(1) }),
    ];
    expect(folded(lines).fold.tracker.dyingCount()).toBe(1);
  });
});

describe('texts', () => {
  const long = 'x'.repeat(5000);
  const cut = `${'x'.repeat(1024)}… (cut: it has 5000 characters)`;

  test('of notices and losses are cut, with a mark', () => {
    const { notices } = folded([noticeLine(5, long), lostLine(6, 2, long)]);
    expect(notices).toEqual([cut, `2 events lost: ${cut}`]);
  });

  test('of the kernel’s log are, too', () => {
    const { fold } = folded([kernelLogLine(5, { text: long })]);
    expect(fold.tracker.kernelLog().lines.map(({ text }) => text)).toEqual([cut]);
  });
});

describe('host facts', () => {
  test('that nobody knows are not kept, at any depth', () => {
    const beside = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value, beside: [[], 'x'] } : value;
    const json = JSON.stringify(aHostFacts(), (_, value: unknown) => beside(value));
    expect(json).toContain('beside');
    expect(parseHostFacts(json)).toEqual(aHostFacts());
    expect(hostFactsLine(5)).not.toContain('beside');
  });
});

describe('words to the user', () => {
  test('that differ all the time are told a hundred times, then one for 10,000 lines; the rest is counted', () => {
    const { notices } = folded(times(20_000, (i) => noticeLine(i * 1e9, `word ${i}`)));
    expect(notices.length).toBeLessThan(110);
    expect(notices[0]).toBe('word 0');
    expect(notices.at(-1)).toMatch(/^\d+ more notices are not shown: there are too many$/);
    const told = notices.filter((text) => text.startsWith('word ')).length;
    expect(told + Number.parseInt(notices.at(-1) ?? '', 10)).toBe(20_000);
  });

  test('that are the same are told at once, then once a second with their number', () => {
    const lines = times(30, (i) => noticeLine(i * ms(100), 'a map is full'));
    const { notices } = folded(lines.flatMap((line, i) => [line, tickLine(i * ms(100) + 1)]));
    expect(notices[0]).toBe('a map is full');
    expect(notices.length).toBeLessThan(6);
    const counts = notices.map((text) => Number(/\((\d+) times\)/.exec(text)?.[1] ?? 1));
    expect(counts.reduce((a, b) => a + b)).toBe(30);
  });
});
