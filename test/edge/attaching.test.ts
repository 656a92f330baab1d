import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { needs } from './machine.ts';
import { expectFault, expectNothingLeft, runFinwait, START_MS, scratch, startFinwait, until } from './run-finwait.ts';

const NOTHING = '/nonexistent';

describe.concurrent('a bpftrace that cannot be used', () => {
  test('one that is missing: exit 3 and how to install it', async (context) => {
    needs(context, 'root');
    const run = await runFinwait(['trace', '--json'], { path: NOTHING });
    expectFault(run, 3, {
      what: /bpftrace is not installed/,
      why: /loads its probes/,
      remedy: /apt-get install bpftrace/,
    });
    expect(run.stdout).toBe('');
  });

  test('one that is too old: exit 3, which it is and which it must be', async (context) => {
    needs(context, 'root');
    const run = await runFinwait(['trace'], { fake: 'is-too-old.ts' });
    expectFault(run, 3, {
      what: /bpftrace 0\.9\.0 is too old.* 0\.17 /,
      why: /struct sock/,
      remedy: /apt-get install/,
    });
    expect(run.stdout).toBe('');
  });

  test('one that says no version: exit 3 and the command that shows it', async (context) => {
    needs(context, 'root');
    const run = await runFinwait(['top'], { fake: 'has-gibberish-version.ts' });
    expectFault(run, 3, { what: /bpftrace --version/, why: /loads its probes/, remedy: /by hand; reinstall/ });
    expect(run.stdout).toBe('');
  });
});

describe.concurrent('a bpftrace that dies before it is attached', () => {
  test.for([
    [
      'for want of permission',
      'bpf: Failed to load program: Operation not permitted\nERROR: Error loading program: tracepoint:sock:inet_sock_set_state',
      /Operation not permitted/,
      /run as root; in a container add CAP_BPF/,
    ],
    [
      'over a field that the kernel lacks',
      "stdin:12:5-20: ERROR: Struct/union of type 'struct tcp_sock' does not contain a field named 'rcv_wnd'",
      /does not contain a field named 'rcv_wnd'/,
      /finwait doctor/,
    ],
    [
      'over its stack',
      'error: <unknown>:0:0: in function tracepoint:tcp:tcp_destroy_sock i64 (i8*): Looks like the BPF stack limit of 512 bytes is exceeded.',
      /stack limit of 512 bytes/,
      /finwait doctor/,
    ],
    ['without a word', '', /without a word/, /finwait doctor/],
  ] as const)('%s: exit 3 and its own words', async ([, says, why, remedy], context) => {
    needs(context, 'backend');
    const run = await runFinwait(['trace', '--json', '--backend', 'tracepoint'], {
      fake: 'dies-at-once.ts',
      env: { FAKE_STDERR: says },
    });
    expectFault(run, 3, { what: /could not attach the tracepoint probes \(exit code 1\)/, why, remedy });
    expect(run.stdout).toBe('');
  });

  test('its words cannot write escape sequences to the terminal', async (context) => {
    needs(context, 'backend');
    const run = await runFinwait(['trace'], {
      fake: 'dies-at-once.ts',
      env: { FAKE_STDERR: 'ERROR: \u001b[2J\u0007!' },
    });
    expectFault(run, 3, { what: /could not attach/, why: /ERROR: .*\[2J/, remedy: /doctor/ });
    expect(run.stderr).not.toMatch(/[\u001b\u0007]/);
  });

  test('record takes its empty file away again', async (context) => {
    needs(context, 'backend');
    const run = await runFinwait(['record', '-o', 'new.fwr'], { fake: 'dies-at-once.ts' });
    expect(run.code).toBe(3);
  });

  test('record leaves an older recording of that name as it was', async (context) => {
    needs(context, 'backend');
    const file = join(scratch(), 'old.fwr');
    writeFileSync(file, 'an older recording');
    const run = await runFinwait(['record', '-o', file], { fake: 'dies-at-once.ts' });
    expect(run.code).toBe(3);
    expect(readFileSync(file, 'utf8')).toBe('an older recording');
  });
});

describe.concurrent('a bpftrace that never attaches', () => {
  test.for(['SIGINT', 'SIGTERM'] as const)('%s ends finwait at once, with 0 and a word', async (signal, context) => {
    needs(context, 'backend');
    const running = startFinwait(['trace', '--json'], { fake: 'never-attaches.ts' });
    await until(() => running.fakes().length > 0, START_MS);
    const asked = performance.now();
    running.kill(signal);
    const run = await running.done;
    expect(performance.now() - asked).toBeLessThan(2000);
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/stopped before the probes were attached: nothing was traced/);
    expect(run.stdout).toBe('');
    expectNothingLeft(running);
  });

  test('record leaves no file behind', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['record', '-o', 'new.fwr'], { fake: 'never-attaches.ts' });
    await until(() => running.fakes().length > 0, START_MS);
    running.kill('SIGINT');
    expect((await running.done).code).toBe(0);
    expect(existsSync(join(running.cwd, 'new.fwr'))).toBe(false);
    expectNothingLeft(running);
  });

  test('top ends at once too', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['top'], { fake: 'never-attaches.ts' });
    await until(() => running.fakes().length > 0, START_MS);
    running.kill('SIGINT');
    const run = await running.done;
    expect(run.code).toBe(0);
    expectNothingLeft(running);
  });
});

test.concurrent.for(['trace', 'top'])(
  'probes of a newer wire version are refused by %s, not guessed at',
  async (command, context) => {
    needs(context, 'backend');
    const run = await runFinwait([command], { fake: 'speaks-wire-2.ts' });
    expectFault(run, 1, {
      what: /wire version 2; this finwait reads version 1/,
      why: /mean something else/,
      remedy: /newer/,
    });
  },
);
