import { describe, expect, test } from 'vitest';
import { needs } from './machine.ts';
import { closePaths, expectFault, expectNothingLeft, rowsOf, runFinwait, startFinwait } from './run-finwait.ts';

describe.concurrent('a bpftrace that ends by itself', () => {
  test('by an exit code: what came before it is shown whole, then exit 1 and its last words', async (context) => {
    needs(context, 'backend');
    const run = await runFinwait(['trace', '--json'], { fake: 'dies-mid-run.ts' });
    expectFault(run, 1, {
      what: /bpftrace ended by itself \(exit code 3\)/,
      why: /perf ring buffer lost its page/,
      remedy: /dmesg/,
    });
    const rows = rowsOf(run);
    expect(closePaths(rows)).toHaveLength(1);
    expect(rows.at(-1)).toMatchObject({ entries: 1, exits: 1, malformed: 0 });
  });

  test('by SIGKILL: exit 1, and the signal is named', async (context) => {
    needs(context, 'backend');
    const run = await runFinwait(['trace', '--json'], { fake: 'is-killed-mid-run.ts' });
    expectFault(run, 1, {
      what: /ended by itself \(killed by SIGKILL\)/,
      why: /signal 9 \(SIGKILL\) killed it, so it said no reason; events after that moment are not known$/,
      remedy: /OOM killer/,
    });
    expect(closePaths(rowsOf(run))).toHaveLength(1);
  });

  test('in the middle of a line: the half line is counted as malformed and shown nowhere', async (context) => {
    needs(context, 'backend');
    const run = await runFinwait(['trace', '--json'], { fake: 'tears-a-line.ts' });
    expectFault(run, 1, { what: /ended by itself \(exit code 1\)/, why: /it said nothing/, remedy: /dmesg/ });
    const rows = rowsOf(run);
    expect(closePaths(rows)).toHaveLength(1);
    expect(rows.at(-1)).toMatchObject({ entries: 1, exits: 1, malformed: 1 });
  });

  test.for(['top', 'record'])('%s ends with 1 and the same three lines', async (command, context) => {
    needs(context, 'backend');
    const output = command === 'record' ? ['-o', '/dev/null'] : [];
    const run = await runFinwait([command, ...output], { fake: 'dies-mid-run.ts' });
    expectFault(run, 1, { what: /ended by itself/, why: /perf ring buffer/, remedy: /dmesg/ });
  });

  test('a recording of it can be replayed, and says the same', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['record', '-o', 'x.fwr'], { fake: 'dies-mid-run.ts' });
    expect((await running.done).code).toBe(1);
    const run = await runFinwait(['trace', '--json', `${running.cwd}/x.fwr`]);
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/bpftrace ended by itself \(exit code 3\)/);
    expect(closePaths(rowsOf(run))).toHaveLength(1);
  });
});

describe.concurrent('lost events', () => {
  const WORDINGS = [
    ['on stdout', { FAKE_STDOUT: 'Lost 123 events' }],
    ['on stderr', { FAKE_STDERR: 'Lost 123 events' }],
    ['as a warning', { FAKE_STDERR: 'WARNING: Lost 123 events' }],
    ['in small letters', { FAKE_STDOUT: 'stdin: lost 123 events' }],
  ] as const;
  test.for(WORDINGS)('bpftrace tells of them %s: told and counted', async ([, env], context) => {
    needs(context, 'backend');
    const run = await runFinwait(['trace', '--json', '--duration', '300ms'], { fake: 'chatters.ts', env });
    expect(run.stderr).toMatch(/finwait: 123 events lost: bpftrace dropped them/);
    expect(rowsOf(run).at(-1)).toMatchObject({ lost_events: 123, malformed: 0 });
    expect(run.code).toBe(0);
  });

  test.for(['trace', 'top', 'record'])('%s --strict ends with 4', async (command, context) => {
    needs(context, 'backend');
    const output = command === 'record' ? ['-o', '/dev/null'] : [];
    const run = await runFinwait([command, '--strict', '--duration', '300ms', ...output], {
      fake: 'chatters.ts',
      env: { FAKE_STDERR: 'Lost 1 events' },
    });
    expect(run.code).toBe(4);
  });

  test('without any, --strict ends with 0', async (context) => {
    needs(context, 'backend');
    const run = await runFinwait(['trace', '--strict', '--duration', '300ms'], { fake: 'chatters.ts' });
    expect(run.code).toBe(0);
  });
});

test.concurrent.for([
  ['0.17', { FAKE_STDERR: 'stdin:40:3-20: WARNING: Failed to map_update_elem: Argument list too long (-7)' }],
  ['0.23', { FAKE_STDOUT: "stdin:40:3-20: WARNING: Map full; can't update element. Try increasing max_map_keys." }],
] as const)('a full map is told of, in the words of bpftrace %s', async ([, env], context) => {
  needs(context, 'backend');
  const run = await runFinwait(['trace', '--json', '--duration', '300ms'], { fake: 'chatters.ts', env });
  expect(run.stderr).toMatch(/finwait: a BPF map is full: bpftrace could not keep an entry, line 40 of its script/);
  expect(rowsOf(run).at(-1)).toMatchObject({ malformed: 0 });
  expect(run.code).toBe(0);
});

test.concurrent('a bpftrace that goes silent is noticed within 4 s, while it is silent', async (context) => {
  needs(context, 'backend');
  const running = startFinwait(['trace', '--json'], { fake: 'goes-silent.ts' });
  await running.prints(/"type":"meta"/);
  await running.says(/finwait: bpftrace has been silent for \d+ ms/, 5000);
  running.kill('SIGINT');
  expect((await running.done).code).toBe(0);
  expectNothingLeft(running);
});

test.concurrent('a silence ends: it is said, and meanwhile no figure is shown as one of now', async (context) => {
  needs(context, 'backend');
  const run = await runFinwait(['top', '--duration', '11s'], { fake: 'falls-silent.ts' });
  expect(run.code).toBe(0);
  const lines = run.stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line.includes('| lost '));
  const silent = lines.findIndex((line) => / \| as of [3-9]\.\ds ago \| /.test(line));
  const again = lines.findIndex((line) => /bpftrace speaks again, after [5-9]\.\d s/.test(line));
  expect(silent, run.stdout).toBeGreaterThan(0);
  expect(again, run.stdout).toBeGreaterThan(silent);
  expect(lines[silent]).not.toMatch(/drift/);
  expect(lines[again]).toMatch(/ \| (?:drift|DRIFT) /);
  expect(lines[again]).not.toMatch(/has been silent/);
});

test.concurrent('lines that are none are counted, shown without harm, and stop nothing', async (context) => {
  needs(context, 'backend');
  const run = await runFinwait(['trace', '--json', '--duration', '300ms'], { fake: 'prints-garbage.ts' });
  expect(run.code).toBe(0);
  const rows = rowsOf(run);
  expect(closePaths(rows)).toHaveLength(1);
  expect(rows.at(-1)).toMatchObject({ entries: 1, exits: 1, malformed: 7 });
  expect(run.stderr).not.toMatch(/\u001b/);
});

test.concurrent('a wall clock that is set: it is said, and times go by the clock that held; a replay says the same', async (context) => {
  needs(context, 'backend');
  const running = startFinwait(['trace', '--json', '-o', 'x.fwr', '--duration', '3s'], {
    fake: 'meets-a-set-clock.ts',
  });
  const run = await running.done;
  expect(run.code).toBe(0);
  const words = /the wall clock was set back by (?:60 min 00 s|59 min 59 s), from /;
  expect(run.stderr).toMatch(words);
  const times = closePaths(rowsOf(run)).map(({ closed_at }) => Date.parse(String(closed_at)));
  const [first = 0] = times;
  const last = times.at(-1) ?? 0;
  expect(first - last).toBeGreaterThan(3_590_000);
  expect(Math.abs(last - Date.now())).toBeLessThan(30_000);
  const replayed = await runFinwait(['trace', '--json', `${running.cwd}/x.fwr`]);
  expect(replayed.stdout).toBe(run.stdout);
  expect(replayed.stderr).toMatch(words);
});
