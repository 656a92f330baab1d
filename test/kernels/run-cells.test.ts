import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { Outcome } from '../../scripts/kernels/guest.ts';
import { BACKENDS, type Cell, KERNELS } from '../../scripts/kernels/kernels.ts';
import { type RunOptions, runCells } from '../../scripts/kernels/run-cells.ts';

const out = mkdtempSync(join(tmpdir(), 'finwait-kernels-'));
afterAll(() => rmSync(out, { recursive: true }));

const over: Outcome = { isOver: true };
const cells: readonly Cell[] = KERNELS.slice(0, 1).flatMap((kernel) =>
  BACKENDS.map((backend) => ({ kernel, backend })),
);
const [cell] = cells;
const leave = (dir: string, change: object): void => {
  const empty = {
    parts: [],
    scenarios: {},
    ipv6: null,
    lossy: null,
    unlogged: [],
    deadlines: null,
    living: null,
    kills: null,
    deferred: null,
    sockets: { compared: 20, timers: 2, wrong: [] },
    misses: null,
  };
  const verdict = { ...empty, privileges: {}, ledger: null, again: [], disturbed: [], error: null, ...change };
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'verdict.json'), JSON.stringify(verdict));
};
const run = (which: readonly Cell[], boot: RunOptions['boot'], more: Partial<RunOptions> = {}) =>
  runCells(which, {
    boot,
    out: mkdtempSync(join(out, 'run-')),
    atOnce: 1,
    seconds: 1000,
    isQuick: true,
    isLong: false,
    isEmulated: false,
    now: () => 0,
    ...more,
  });

it('a guest that hangs or leaves no verdict is made again, three times in all', async () => {
  const outcomes: Outcome[] = [{ isOver: false, why: 'killed after 9 s' }, over, over];
  const [result] = await run(cells.slice(0, 1), async () => outcomes.shift() ?? over);
  expect(result).toMatchObject({ verdict: null, isReached: true, again: ['killed after 9 s', 'it gave no verdict: '] });
  expect(outcomes).toEqual([]);
});

it('an experiment that lost its own events is made again', async () => {
  const disturbed = [['a: 3 events lost'], []];
  const [result] = await run(cells.slice(0, 1), async (_, __, dir) => {
    leave(dir, { disturbed: disturbed.shift() });
    return over;
  });
  expect(result).toMatchObject({ again: ['it was disturbed: a: 3 events lost'], verdict: { disturbed: [] } });
});

it('a wrong answer is not asked for again', async () => {
  let boots = 0;
  const [result] = await run(cells.slice(0, 1), async (_, __, dir) => {
    boots++;
    leave(dir, { unlogged: ['x'] });
    return over;
  });
  expect([boots, result?.again]).toEqual([1, []]);
});

it.each([
  ['is right then', [['x'], []], 2, []],
  ['is wrong each time', [['x'], ['x'], ['y']], 3, ['y']],
])('on an emulated CPU it is asked for again, and %s', async (_, answers, times, unlogged) => {
  let boots = 0;
  const whole = {
    lossy: { expected: 1, paths: 1, lost: 0, retransmits: 0 },
    deadlines: { 3: [] },
    living: { looks: 1, windows: 1, wrong: [] },
    kills: [],
  };
  const scenario = { state: 'right', why: [], named: null, isSpoiled: false };
  const ledger = { drift: 0, in_flight: 0, malformed: 0, lost_events: 0 };
  const deferred = { scenarios: {}, isCounted: true, ledger, rows: 0, wanted: 0, counted: 0, uncounted: 0, kinds: '' };
  const boot: RunOptions['boot'] = async (_, __, dir) => {
    leave(dir, { ...whole, scenarios: { scenario }, ledger, deferred, unlogged: answers[boots++] });
    return over;
  };
  const [result] = await run(cells.slice(0, 1), boot, { isEmulated: true });
  expect(boots).toBe(times);
  const again = Array.from({ length: times - 1 }, () => 'it was wrong: dmesg does not say: x');
  expect(result).toMatchObject({ again, verdict: { unlogged } });
});

it('a cell gets no more time than is left, and one for which too little is left is not reached', async () => {
  let now = 0;
  const given: number[] = [];
  const boot: RunOptions['boot'] = async (_, seconds, dir) => {
    given.push(seconds);
    leave(dir, {});
    now += 300_000;
    return over;
  };
  const results = await run(cells, boot, { seconds: 650, now: () => now });
  expect(given).toEqual([480, 350]);
  expect(results.map(({ backend, isReached }) => [backend, isReached]).filter(([, is]) => is === false)).toHaveLength(
    1,
  );
  expect(results.map(({ backend }) => backend)).toEqual(BACKENDS);
});

it('only a whole run plays what one cell of each kernel plays', async () => {
  const asked: string[] = [];
  const boot: RunOptions['boot'] = async ({ backend }, _, dir, ...args) => {
    asked.push(`${backend} ${args.at(-1)}`);
    leave(dir, {});
    return over;
  };
  await run(cells, boot, { isQuick: false });
  await run(cell === undefined ? [] : [cell], boot);
  expect(asked).toEqual([
    'fentry --parts=privileges',
    'kprobe --parts=ipv6',
    'tracepoint --parts=misses',
    'fentry --parts=',
  ]);
});
