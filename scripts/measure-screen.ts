// Measures what frames cost, without a terminal: node --expose-gc scripts/measure-screen.ts [ORPHANS [LINES_A_SECOND [CASES]]]
//   answer   from asking for an order or a filter until its page is there
//   frame    a snapshot of the store by itself, median and maximum of 41; one that begins a pass does a piece of it
//   block    the longest and the tenth longest time that the event loop was held up, by CPU time of its thread
// For eight seconds each, over so many orphans alive at once, while so many lines of closes come in.
import { setTimeout as sleep } from 'node:timers/promises';
import type { SortKey } from '../src/screen/frame/model.ts';
import { createTopStore } from '../src/screen/store.ts';
import { BOOT, destroyLine, ms, setStateLine, tickLine } from '../test/builders/wire-lines.ts';
import { lineOf, manyOrphans, skOf } from '../test/screen/many.ts';

const SECONDS = 8;
const FEED_MS = 10;
/** Sockets that close again and again. */
const CLOSES = 5000;

const threadMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

const orphans = Number(process.argv[2] ?? 131_072);
const linesPerSecond = Number(process.argv[3] ?? 0);

const measure = async (sort: SortKey, filter: string): Promise<string> => {
  const store = createTopStore({ sourceName: '' });
  const fold = manyOrphans(orphans);
  globalThis.gc?.();
  const rssBefore = process.memoryUsage().rss;
  let fed = 0;
  const begin = ms(orphans + 20_000);
  const closes = Array.from({ length: CLOSES }, (_, i) => {
    const sk = skOf(orphans + i);
    return [
      lineOf(orphans + i),
      setStateLine({ at: 0, sk, from: 'FIN_WAIT1', to: 'FIN_WAIT2' }),
      setStateLine({ at: 0, sk, from: 'FIN_WAIT2', to: 'CLOSE' }),
      destroyLine({ at: 0, sk }),
    ].map((line) => ({ letter: line.slice(0, 2), rest: line.slice(line.indexOf(' ', 2)) }));
  }).flat();
  const feed = (at: number): void => {
    const { letter, rest } = closes[fed % closes.length] ?? { letter: 'C ', rest: '' };
    fold.push(letter + (BOOT + BigInt(begin + at)) + rest);
  };
  store.attach(fold);
  store.setPhase('tracing');
  let frames = 0;
  store.subscribe(() => frames++);
  const asked = performance.now();
  let answeredIn: number | null = null;
  store.setQuery({ sort, filter, limit: 44 });

  const blocks: number[] = [];
  const cpu = process.cpuUsage();
  const until = performance.now() + SECONDS * 1000;
  let last = threadMs();
  while (performance.now() < until) {
    await sleep(FEED_MS / 2);
    const now = threadMs();
    blocks.push(now - last);
    const { query, progress } = store.getSnapshot();
    if (answeredIn === null && query.sort === sort && query.filter === filter && typeof progress !== 'number') {
      answeredIn = performance.now() - asked;
    }
    const due = ((performance.now() - asked) / 1000) * linesPerSecond;
    const enough = performance.now() + 5 * FEED_MS;
    for (; fed < due && performance.now() < enough; fed++) feed(Math.round((fed / linesPerSecond) * 1e9));
    if (fed > 0) fold.push(tickLine(begin + Math.round((fed / linesPerSecond) * 1e9)));
    // The cost of feeding is the pipeline's, not the screen's.
    last = threadMs();
  }
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = frames / SECONDS;
  const rss = process.memoryUsage().rss - rssBefore;
  const costs = Array.from({ length: 41 }, () => {
    const start = performance.now();
    store.setPhase('tracing');
    return performance.now() - start;
  }).toSorted((a, b) => a - b);
  store.stop();
  blocks.sort((a, b) => b - a);
  const outOfOrder = (): number => fold.tracker.counters().outOfOrder;
  const figure = (value: number | undefined): string => (value ?? Number.NaN).toFixed(1);
  return [
    `${orphans} orphans, by ${sort}${filter === '' ? '' : `, filter "${filter}"`}, ${Math.round(fed / SECONDS)} lines/s (${outOfOrder()} out of order):`,
    `answer ${answeredIn === null ? 'none' : `${Math.round(answeredIn)} ms`};`,
    `${perSecond.toFixed(1)} frames/s of ${(costs[20] ?? 0).toFixed(2)} ms (at most ${figure(costs.at(-1))});`,
    `block ${figure(blocks[0])} ms (tenth ${figure(blocks[9])}); CPU ${((user + system) / SECONDS / 10_000).toFixed(0)} %;`,
    `RSS ${rss >= 0 ? '+' : ''}${Math.round(rss / 1e6)} MB`,
  ].join(' ');
};

const CASES = [
  ['age', ''],
  ['held', ''],
  ['peer', ''],
  ['age', 'comm3'],
] as const;
for (const [sort, filter] of CASES.slice(0, Number(process.argv[4] ?? CASES.length))) {
  process.stdout.write(`${await measure(sort, filter)}\n`);
}
