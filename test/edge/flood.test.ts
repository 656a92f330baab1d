import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { needs } from './machine.ts';
import { expectNothingLeft, rowsOf, runFinwait, scratch, startFinwait, until } from './run-finwait.ts';

/** Most resident memory of a process so far, MB. */
const peakMb = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

test('a flood of 200,000 lines and more is counted to the last one, in a heap of 100 MB', async (context) => {
  needs(context, 'backend');
  const count = join(scratch(), 'count');
  const running = startFinwait(['trace', '--json', '-L', '1'], {
    fake: 'floods.ts',
    env: { FAKE_COUNT: count, NODE_OPTIONS: '--max-old-space-size=100' },
  });
  await until(() => existsSync(count) && readFileSync(count, 'utf8') !== '', 30_000);
  const peak = peakMb(running.pid);
  running.kill('SIGINT');
  const run = await running.done;
  expectNothingLeft(running);
  const sent = Number(readFileSync(count, 'utf8'));
  context.annotate(`${sent * 2} lines, ${Math.round(peak)} MB at most`);
  expect(rowsOf(run).at(-1)).toMatchObject({ entries: sent, exits: sent, malformed: 0, lost_events: 0 });
  expect(sent).toBeGreaterThanOrEqual(100_000);
  expect(peak).toBeLessThan(400);
  expect(run.code).toBe(0);
});

test('a recording takes a flood that begins while the inventory is being taken, to its last line', async (context) => {
  needs(context, 'backend');
  const place = scratch();
  const [count, file] = [join(place, 'count'), join(place, 'x.fwr')];
  const running = startFinwait(['record', '-o', file], { fake: 'floods.ts', env: { FAKE_COUNT: count } });
  await until(() => existsSync(count) && readFileSync(count, 'utf8') !== '', 30_000);
  running.kill('SIGINT');
  expect((await running.done).code).toBe(0);
  expectNothingLeft(running);
  const sent = Number(readFileSync(count, 'utf8'));
  const run = await runFinwait(['trace', '--json', '-L', '1', file]);
  expect(rowsOf(run).at(-1)).toMatchObject({ entries: sent, exits: sent, malformed: 0, lost_events: 0 });
});

test('top says what it gives up when more comes than it can take, goes on drawing, and takes it back after', async (context) => {
  needs(context, 'backend');
  const count = join(scratch(), 'count');
  const running = startFinwait(['top'], {
    fake: 'drowns.ts',
    // Without its compiler Node is some times slower, as on a slow CPU.
    env: { FAKE_COUNT: count, NODE_OPTIONS: '--jitless' },
  });
  await running.prints(/\| tracing \| overloaded: drawing every [12] s/, 20_000);
  await until(() => existsSync(count) && readFileSync(count, 'utf8') !== '', 30_000);
  await running.prints(
    /overloaded[\s\S]*\| tracing(?: \| finwait itself was stalled for \d+ ms)?\n(?![\s\S]*overloaded)/,
    20_000,
  );
  running.kill('SIGINT');
  const run = await running.done;
  expectNothingLeft(running);
  expect(run.code).toBe(0);
  const left = Number(readFileSync(count, 'utf8'));
  // Before finwait sees that the kernel knows of none of them, and looks again.
  expect(run.stdout).toMatch(new RegExp(`orphans ${left} ours, .* lost 0 late \\d+ malformed 0 `));
  const flooded = run.stdout.split('\n').filter((line) => line.includes('overloaded: drawing every'));
  context.annotate(flooded.join('\n'));
  // A line a second, whatever comes in.
  expect(flooded.length).toBeGreaterThanOrEqual(2);
});
