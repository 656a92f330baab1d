import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { needs } from './machine.ts';
import { expectFault, runFinwait, type Setting, scratch } from './run-finwait.ts';
import { seenByAll } from './seen-by-all.ts';

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'];

/** finwait as a user without rights, in a namespace with these mounts. */
const asNobody = (context: TestContext, mounts: string): Setting => {
  needs(context, 'backend', 'mounts', 'setpriv');
  const { seenAt, within } = seenByAll(context);
  return { fake: 'streams.ts', seenAt, within: [...within, 'sh', '-ec', `${mounts}; exec "$@"`, 'sh', ...NOBODY] };
};

/** The one line that names the command: its words after the variables, and the variables. */
const commandIn = (stderr: string) => {
  const [, version = '', command = ''] = /bpftrace (\S+), the script on its stdin: env -i (.+)$/m.exec(stderr) ?? [];
  const words = command.split(' ');
  const isVariable = (word: string): boolean => /^[A-Z_]+=/.test(word);
  return {
    version,
    words: words.filter((word) => !isVariable(word)),
    env: Object.fromEntries(words.filter(isVariable).map((word) => word.split('=', 2))),
  };
};

const FILTER = '-L 80,443 -D 5432 -4 -p 1 --comm nginx --netns 4026531840';

describe.concurrent('probe prints what record gives to bpftrace', () => {
  test.for([
    'bpftrace v0.17.0: --min-age 50ms',
    'bpftrace v0.17.0: --min-age 50ms -L 80',
    `bpftrace v0.17.0: --min-age 50ms ${FILTER}`,
    'bpftrace v0.17.0: --min-age 0',
    `bpftrace v0.17.0: --min-age 0 ${FILTER}`,
    'bpftrace v0.17.0: --map-keys 700',
    'bpftrace v0.23.2: --backend tracepoint',
    'bpftrace v0.23.2: --backend tracepoint -L 80',
  ])('%s', async (name, context) => {
    needs(context, 'backend');
    const [version = '', text = ''] = name.split(': ');
    const options = text.split(' ');
    const folder = scratch();
    const setting: Setting = {
      fake: 'saves-its-script.ts',
      env: { FAKE_FOLDER: folder, FAKE_VERSION: version },
    };
    const recorded = await runFinwait(['record', '-o', '/dev/null', '--duration', '100ms', ...options], setting);
    expect(recorded.code).toBe(0);
    const given = readFileSync(join(folder, 'script'), 'utf8');
    const { args, env } = JSON.parse(readFileSync(join(folder, 'command.json'), 'utf8'));

    const printed = await runFinwait(['probe', ...options], setting);
    expect(printed.code).toBe(0);
    expect(printed.stdout).toBe(given);
    const command = commandIn(printed.stderr);
    expect(`bpftrace v${command.version}`).toBe(version);
    expect(command.words).toEqual([expect.stringMatching(/\/bpftrace$/), ...args]);
    expect(command.env).toEqual({ PATH: expect.stringContaining('/usr/bin'), ...env });
    // The script has what the options asked for, whatever the version.
    expect(given.includes('$inet->inet_sport == ')).toBe(options.includes('-L') && !options.includes('0'));
    expect(given.includes('print(@tally)')).toBe(!options.includes('0'));
    expect(given.startsWith('config = ')).toBe(version.endsWith('v0.23.2'));
  });
});

describe.concurrent('probe', () => {
  test('says one line on stderr, and nothing but the script on stdout', async (context) => {
    needs(context, 'backend');
    const run = await runFinwait(['probe'], { fake: 'streams.ts' });
    expect(run.stdout).toMatch(/^#!\/usr\/bin\/env bpftrace\n/);
    expect(run.stderr).toMatch(/^finwait: backend \w+, bpftrace 0\.17\.0, .* - 10000000 \d+ \d+\n$/);
    expect(run.code).toBe(0);
  });

  test('runs bpftrace for its version alone', async (context) => {
    needs(context, 'backend');
    const folder = scratch();
    await runFinwait(['probe'], { fake: 'saves-its-script.ts', env: { FAKE_FOLDER: folder } });
    expect(() => readFileSync(join(folder, 'script'))).toThrow(/ENOENT/);
  });

  test.for([
    [['--state', 'FIN_WAIT1'], /whatever state: finwait itself filters/],
    [['--min-age', '0', '-L', '80'], /whatever local_ports: finwait itself filters/],
  ] as const)('%j: says that the script does not filter by it', async ([options, says], context) => {
    needs(context, 'backend');
    const run = await runFinwait(['probe', ...options], { fake: 'streams.ts' });
    expect(run.stderr).toMatch(says);
    expect(run.code).toBe(0);
  });

  test('a reader that leaves ends it quietly', async (context) => {
    needs(context, 'backend');
    const within = ['sh', '-c', '"$@" | head -1', 'sh'];
    const run = await runFinwait(['probe'], { fake: 'streams.ts', within });
    expect(run.stdout).toBe('#!/usr/bin/env bpftrace\n');
    expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe.concurrent('probe of a user who is not root', () => {
  /** Tracefs that root alone may look into, as on most hosts. */
  const SHUT = 'mount -t tmpfs -o mode=700 none /sys/kernel/tracing';

  test('prints the script of a backend that is named', async (context) => {
    const [own, roots] = await Promise.all([
      runFinwait(['probe', '--backend', 'tracepoint', '-L', '80'], asNobody(context, SHUT)),
      runFinwait(['probe', '--backend', 'tracepoint', '-L', '80'], { fake: 'streams.ts' }),
    ]);
    expect(own.code).toBe(0);
    expect(own.stdout).toBe(roots.stdout);
    expect(own.stdout).toContain('$inet->inet_sport == ');
  });

  test('by sudo it looks into tracefs, and gives root up', async (context) => {
    needs(context, 'backend');
    const env = { SUDO_UID: '65534', SUDO_GID: '65534' };
    const run = await runFinwait(['probe'], { fake: 'streams.ts', ...seenByAll(context), env });
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/^#!\/usr\/bin\/env bpftrace\n/);
  });

  test('where tracefs is shut it cannot choose: exit 3, which right, and how to go on', async (context) => {
    const run = await runFinwait(['probe'], asNobody(context, SHUT));
    expectFault(run, 3, {
      what: /may not see which backend/,
      why: /\/sys\/kernel\/tracing.*CAP_DAC_READ_SEARCH/,
      remedy: /sudo finwait probe.*--backend fentry/,
    });
    expect(run.stdout).toBe('');
  });

  test('where the BTF is shut: exit 3, which right, and how to go on', async (context) => {
    const shut = join(scratch(), 'vmlinux');
    const mounts = `install -m 600 /dev/null '${shut}'; mount --bind '${shut}' /sys/kernel/btf/vmlinux`;
    const run = await runFinwait(['probe', '--backend', 'tracepoint'], asNobody(context, mounts));
    expectFault(run, 3, {
      what: /may not read the kernel's BTF/,
      why: /\/sys\/kernel\/btf\/vmlinux.*CAP_DAC_READ_SEARCH/,
      remedy: /sudo finwait probe/,
    });
    expect(run.stdout).toBe('');
  });
});
