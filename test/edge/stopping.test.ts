import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { needs } from './machine.ts';
import {
  expectFault,
  expectNothingLeft,
  isAlive,
  rowsOf,
  runFinwait,
  START_MS,
  scratch,
  startFinwait,
  until,
} from './run-finwait.ts';

const RECORDING = /recording to/;

describe.concurrent('a run that is told to stop', () => {
  test.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s: bpftrace is stopped first and drained, exit 0',
    async (signal, context) => {
      needs(context, 'backend');
      const file = join(scratch(), 'x.fwr');
      const running = startFinwait(['record', '-o', file], { fake: 'streams.ts' });
      await running.says(RECORDING);
      running.kill(signal);
      const run = await running.done;
      expect(run.code).toBe(0);
      expect(run.stdout).toBe('');
      expectNothingLeft(running);
      const shown = await runFinwait(['trace', '--json', file]);
      // A machine that does many tests at once may stall it; it says so then.
      expect(shown.stderr.replaceAll(/^.* finwait itself was stalled for \d+ ms\n/gm, '')).toBe('');
      expect(rowsOf(shown).at(-1)).toMatchObject({ malformed: 0, lost_events: 0 });
    },
  );

  test.for([['top'], ['record'], ['trace']])(
    '%s on a terminal that goes, as a lost ssh does: the recording gets its trailer',
    async ([command = ''], context) => {
      needs(context, 'backend', 'script');
      const file = join(scratch(), 'x.fwr');
      // script gives it a terminal. If script dies, the terminal has gone.
      const running = startFinwait([command, '-o', file], {
        fake: 'streams.ts',
        env: { TERM: 'xterm' },
        within: ['sh', '-c', 'exec script -qec "$*" /dev/null', 'sh'],
        input: 'open',
      });
      await running.prints(command === 'top' ? /tracing/ : command === 'record' ? RECORDING : /finwait: backend/);
      await until(() => running.fakes().length > 0 && statSync(file).size > 0, START_MS);
      running.kill('SIGKILL');
      await until(() => !running.fakes().some(isAlive), 5000);
      // The reader of a file without trailer says that it is cut off.
      await context.expect
        .poll(async () => (await runFinwait(['trace', '--json', '-L', '1', file])).stderr, { timeout: 10_000 })
        .not.toMatch(/cut off/);
    },
  );

  test('a SIGINT that bpftrace gets as well is no fault of bpftrace', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['record', '-o', '/dev/null'], { fake: 'streams.ts' });
    await running.says(RECORDING);
    for (const pid of [...running.fakes(), running.pid]) process.kill(pid, 'SIGINT');
    const run = await running.done;
    expect(run.stderr).not.toMatch(/ended by itself/);
    expect(run.code).toBe(0);
    expectNothingLeft(running);
  });

  test('a bpftrace that ignores SIGINT is killed after 10 s, and the run ends with 0', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['record', '-o', '/dev/null'], { fake: 'ignores-sigint.ts' });
    await running.says(RECORDING);
    const asked = performance.now();
    running.kill('SIGINT');
    const run = await running.done;
    const took = performance.now() - asked;
    expect(took).toBeGreaterThan(9000);
    expect(took).toBeLessThan(13_000);
    expect(run.code).toBe(0);
    expectNothingLeft(running);
  });

  test('a second SIGINT ends it at once, with 130, and bpftrace with it', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['record', '-o', '/dev/null'], { fake: 'ignores-sigint.ts' });
    await running.says(RECORDING);
    running.kill('SIGINT');
    await sleep(300);
    running.kill('SIGINT');
    const run = await running.done;
    expect(run.code).toBe(130);
    await until(() => !running.fakes().some(isAlive), 1000);
  });
});

describe.concurrent('finwait killed by SIGKILL', () => {
  test('bpftrace is gone within 1 s: the kernel interrupts it (setpriv --pdeathsig)', async (context) => {
    needs(context, 'backend', 'setpriv');
    const running = startFinwait(['record', '-o', '/dev/null'], { fake: 'goes-silent.ts' });
    await running.says(RECORDING);
    running.kill('SIGKILL');
    await until(() => !running.fakes().some(isAlive), 1000);
    expect(running.fakes()).toHaveLength(1);
  });

  test('where setpriv is missing, a bpftrace that prints meets a closed pipe within 1 s', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['record', '-o', '/dev/null'], {
      fake: 'ignores-sigint.ts',
      path: dirname(process.execPath),
    });
    await running.says(RECORDING);
    running.kill('SIGKILL');
    await until(() => !running.fakes().some(isAlive), 1000);
    expect(running.fakes()).toHaveLength(1);
  });

  test('while it attaches: bpftrace is gone within 1 s', async (context) => {
    needs(context, 'backend', 'setpriv');
    const running = startFinwait(['trace'], { fake: 'never-attaches.ts' });
    await until(() => running.fakes().length > 0, START_MS);
    running.kill('SIGKILL');
    await until(() => !running.fakes().some(isAlive), 1000);
  });

  test('its recording can be read, and says that it is cut off', async (context) => {
    needs(context, 'backend');
    const file = join(scratch(), 'x.fwr');
    const running = startFinwait(['record', '-o', file], { fake: 'streams.ts' });
    await running.says(RECORDING);
    await sleep(1500);
    running.kill('SIGKILL');
    await running.done;
    const run = await runFinwait(['trace', '--json', '-L', '1', file]);
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/the recording is cut off after \d{4,} lines; shown is what there is/);
    expect(rowsOf(run).at(-1)).toMatchObject({ malformed: 0 });
  });

  test('the real bpftrace is gone within 1 s', async (context) => {
    needs(context, 'backend', 'bpftrace', 'setpriv');
    const running = startFinwait(['record', '-o', '/dev/null'], { fake: 'is-the-real-one.sh' });
    await running.says(RECORDING, 30_000);
    expect(running.fakes().filter(isAlive)).toHaveLength(1);
    running.kill('SIGKILL');
    await until(() => !running.fakes().some(isAlive), 1000);
  });
});

test.concurrent('SIGINT while the real bpftrace attaches: both are gone within 5 s, exit 0', async (context) => {
  needs(context, 'backend', 'bpftrace');
  const running = startFinwait(['trace'], { fake: 'is-the-real-one.sh' });
  await until(() => running.fakes().length > 0, START_MS);
  await sleep(300);
  running.kill('SIGINT');
  const asked = performance.now();
  const run = await running.done;
  context.annotate(`${Math.round(performance.now() - asked)} ms`);
  expect(performance.now() - asked).toBeLessThan(5000);
  expect(run.code).toBe(0);
  expect(run.stderr).toMatch(/stopped before the probes were attached/);
  expectNothingLeft(running);
});

test.concurrent('a second finwait on the same file is refused: the first one and its recording go on', async (context) => {
  needs(context, 'backend');
  const file = join(scratch(), 'x.fwr');
  const first = startFinwait(['record', '-o', file], { fake: 'streams.ts' });
  await first.says(RECORDING);
  for (const command of ['record', 'trace']) {
    const second = await runFinwait([command, '-o', file], { fake: 'streams.ts' });
    expectFault(second, 1, {
      what: /x\.fwr is in use: another finwait/,
      why: /nothing of it was changed/,
      remedy: /-o/,
    });
    expect(second.stdout).toBe('');
  }
  // The lock goes with the process, whatever ends it.
  first.kill('SIGKILL');
  await first.done;
  const third = await runFinwait(['record', '-o', file, '--duration', '1s'], { fake: 'streams.ts' });
  expect(third.code).toBe(0);
  const shown = await runFinwait(['trace', '--json', '-L', '1', file]);
  expect(shown.stderr).not.toMatch(/cut off/);
  expect(rowsOf(shown).at(-1)).toMatchObject({ malformed: 0 });
});
