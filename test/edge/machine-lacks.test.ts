import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { needs, withMounts } from './machine.ts';
import { expectFault, runFinwait, type Setting, scratch } from './run-finwait.ts';
import { seenByAll } from './seen-by-all.ts';

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'];

/** finwait as a user without rights. */
const withoutRights = (context: TestContext): Setting => {
  if (process.getuid?.() !== 0) return {};
  needs(context, 'setpriv');
  const { seenAt, within } = seenByAll(context);
  return { seenAt, within: [...within, ...NOBODY] };
};

/** A namespace in which `paths` are empty folders. */
const without = (...paths: readonly string[]): readonly string[] => {
  const empty = scratch();
  return withMounts(paths.map((path) => `if [ -d ${path} ]; then mount --bind '${empty}' ${path}; fi`).join('\n'));
};

describe.concurrent('a user who is not root', () => {
  test.for(['top', 'trace', 'record'])('%s: exit 3, what it needs, and sudo', async (command, context) => {
    const run = await runFinwait([command], withoutRights(context));
    expectFault(run, 3, {
      what: /must run as root/,
      why: /CAP_BPF, CAP_PERFMON/,
      remedy: /sudo finwait .*finwait demo/,
    });
    expect(run.stdout).toBe('');
  });

  test('record, where it may not write: it blames no file', async (context) => {
    const file = join(scratch(), 'x.fwr');
    const run = await runFinwait(['record', '-o', file], withoutRights(context));
    expectFault(run, 3, { what: /must run as root/, why: /CAP_BPF, CAP_PERFMON/, remedy: /sudo finwait / });
  });

  test('top, on a terminal: no screen is opened for it', async (context) => {
    needs(context, 'script');
    const setting = withoutRights(context);
    const onTerminal = ['sh', '-c', 'script --quiet --return --command "$*" /dev/null', 'sh'];
    const run = await runFinwait(['top'], { ...setting, within: [...(setting.within ?? []), ...onTerminal] });
    expect(run.stdout).toMatch(/must run as root/);
    expect(run.stdout).not.toContain('\x1b[?1049h');
  });

  test('doctor: says so first, and how to fix it; exit 3', async (context) => {
    const run = await runFinwait(['doctor'], withoutRights(context));
    expect(run.code).toBe(3);
    expect(run.stdout.split('\n')[1]).toMatch(/^missing +privilege +not root, and lacks CAP_BPF/);
    expect(run.stdout.split('\n')[2]).toMatch(/fix: run finwait with sudo/);
    expect(run.stdout.match(/^missing/gm)).toHaveLength(1);
    expect(run.stdout).toMatch(
      /^unknown +\d+ checks +root alone may look: tracefs, tracepoint .*backend auto, setpriv$/m,
    );
    expect(run.stdout).toMatch(/fix: sudo finwait doctor/);
    expect(run.stdout).not.toMatch(/not mounted|apt-get/);
    expect(run.stdout).toMatch(/finwait cannot trace here/);
    expect(run.stderr).toBe('');
  });

  test('doctor --json: one object, can_trace false', async (context) => {
    const run = await runFinwait(['doctor', '--json'], withoutRights(context));
    expect(run.code).toBe(3);
    expect(JSON.parse(run.stdout)).toMatchObject({ type: 'doctor', can_trace: false });
  });

  test.for(['tracepoint', 'kprobe'])('doctor --backend %s answers for that one', async (backend, context) => {
    const run = await runFinwait(['doctor', '--json', '--backend', backend], withoutRights(context));
    const { backend: answered, checks } = JSON.parse(run.stdout);
    const stateOf = (name: string): string => checks.find((check: { name: string }) => check.name === name)?.state;
    expect(answered).toBe(stateOf(`backend ${backend}`) === 'ok' ? backend : null);
    expect(stateOf('memory at a reset')).toBe(answered === 'tracepoint' ? 'limited' : 'ok');
  });

  test('trace of a file that may not be read: exit 1', async (context) => {
    const run = await runFinwait(['trace', '/proc/1/mem'], withoutRights(context));
    expectFault(run, 1, {
      what: /\/proc\/1\/mem cannot be read \(E/,
      why: /no recording to show/,
      remedy: /permissions/,
    });
  });
});

describe.concurrent('root without the capabilities, as in a container', () => {
  const WITHIN = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'];

  test('trace: exit 3, and which to add', async (context) => {
    needs(context, 'root', 'setpriv');
    const run = await runFinwait(['trace'], { fake: 'streams.ts', within: WITHIN });
    expectFault(run, 3, { what: /root lacks the capabilities/, why: /CAP_BPF, CAP_PERFMON/, remedy: /--privileged/ });
  });

  test('doctor does not take it for root; exit 3', async (context) => {
    needs(context, 'root', 'setpriv');
    const run = await runFinwait(['doctor'], { fake: 'streams.ts', within: WITHIN });
    expect(run.code).toBe(3);
    expect(run.stdout).toMatch(/^missing +privilege +root, and lacks CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE/m);
  });
});

describe.concurrent('root without CAP_BPF and what goes with it', () => {
  const WITHIN = ['setpriv', '--bounding-set=-bpf,-perfmon,-sys_admin', '--inh-caps=-all'];

  test('trace: exit 3, and which to add', async (context) => {
    needs(context, 'root', 'setpriv');
    const run = await runFinwait(['trace'], { fake: 'streams.ts', within: WITHIN });
    expectFault(run, 3, { what: /root lacks the capabilities/, why: /CAP_BPF, CAP_PERFMON/, remedy: /--privileged/ });
  });

  test('doctor names those that are missing, and no other, and how a container gets them; exit 3', async (context) => {
    needs(context, 'root', 'setpriv');
    const run = await runFinwait(['doctor'], { fake: 'streams.ts', within: WITHIN });
    expect(run.code).toBe(3);
    expect(run.stdout).toMatch(/^missing +privilege +root, and lacks CAP_BPF, CAP_PERFMON$/m);
    expect(run.stdout).toMatch(/^ +fix: docker run --privileged …, or --cap-add=BPF --cap-add=PERFMON$/m);
  });
});

describe.concurrent('root without CAP_SYS_PTRACE', () => {
  const WITHIN = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-all'];
  const CASES = [
    ['refuses to show their files', [], /processes could not be asked for their sockets/],
    [
      'hides them',
      withMounts('mount -t proc -o hidepid=ptraceable proc /proc'),
      /\/proc is mounted with hidepid=ptraceable/,
    ],
  ] as const;

  test.for(CASES)('where /proc %s, no socket is said to be without a process', async ([, mounts, note], context) => {
    needs(context, 'backend', 'setpriv', 'mounts');
    const within = [...mounts, ...WITHIN];
    const run = await runFinwait(['explain', '--json', '--duration', '1s'], { fake: 'goes-silent.ts', within });
    const host = run.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .find(({ type }) => type === 'host');
    expect(host).toMatchObject({ sees_all_processes: false, ownerless: { count: null, no_fd: null } });
    expect(host.notes.join('; ')).toMatch(note);
    expect(host.notes.join('; ')).toMatch(/lacks CAP_SYS_PTRACE/);
  });
});

describe.concurrent('root without CAP_SYS_ADMIN', () => {
  const WITHIN = ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-all'];

  test('trace with the real bpftrace: it works, or names that capability in place of a compiler error', async (context) => {
    needs(context, 'backend', 'bpftrace', 'setpriv');
    const run = await runFinwait(['trace', '--duration', '100ms'], { within: WITHIN });
    if (run.code === 0) return context.skip('this bpftrace does without CAP_SYS_ADMIN');
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(/could not attach the probes: CAP_SYS_ADMIN is missing/);
    expect(run.stderr).toMatch(/--cap-add=SYS_ADMIN/);
    expect(run.stderr).not.toMatch(/incomplete type/);
  });

  test('doctor says so', async (context) => {
    needs(context, 'root', 'setpriv');
    const run = await runFinwait(['doctor'], { fake: 'streams.ts', within: WITHIN });
    expect(run.stdout).toMatch(/^(?:missing|limited) +CAP_SYS_ADMIN +not here: bpftrace/m);
  });
});

test.concurrent('root without CAP_SYS_PTRACE: doctor says what cannot be seen, and the facts of a run do too', async (context) => {
  needs(context, 'backend', 'setpriv');
  const within = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-all'];
  const run = await runFinwait(['doctor'], { fake: 'streams.ts', within });
  expect(run.stdout).toMatch(/^limited +CAP_SYS_PTRACE +not here: who holds a socket is not known/m);
  const told = await runFinwait(['explain', '--json', '--duration', '1s'], { fake: 'streams.ts', within });
  expect(told.code).toBe(0);
  expect(told.stdout).toMatch(
    /the network namespaces? of \d+ process(?:es)? could not be asked for \(finwait lacks CAP_SYS_PTRACE\)/,
  );
});

describe.concurrent('a kernel without BTF', () => {
  test.for(['top', 'trace', 'record', 'probe'])('%s: exit 3, and why the layouts matter', async (command, context) => {
    needs(context, 'backend', 'mounts');
    const run = await runFinwait([command], { fake: 'streams.ts', within: without('/sys/kernel/btf') });
    expectFault(run, 3, {
      what: /no backend can trace on this kernel/,
      why: /why: the kernel has no BTF \(\/sys\/kernel\/btf\/vmlinux\), so the layout of struct sock is unknown$/,
      remedy: /boot a kernel with BTF/,
    });
    expect(run.stdout).toBe('');
  });

  test('doctor: BTF is missing; exit 3', async (context) => {
    needs(context, 'backend', 'mounts');
    const run = await runFinwait(['doctor'], { fake: 'streams.ts', within: without('/sys/kernel/btf') });
    expect(run.code).toBe(3);
    expect(run.stdout).toMatch(/^missing +BTF .*CONFIG_DEBUG_INFO_BTF/m);
  });
});

describe.concurrent('a machine whose tracefs is not mounted', () => {
  const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug'];

  test.for(['top', 'trace', 'record', 'probe'])('%s: exit 3, and the mount that helps', async (command, context) => {
    needs(context, 'backend', 'mounts');
    const run = await runFinwait([command], { fake: 'streams.ts', within: without(...TRACEFS) });
    expectFault(run, 3, {
      what: /no backend can trace on this kernel/,
      why: /why: tracefs is not mounted$/,
      remedy: /try: mount -t tracefs nodev \/sys\/kernel\/tracing$/,
    });
    expect(run.stdout).toBe('');
  });

  test('doctor: tracefs is missing, and the mount that helps; exit 3', async (context) => {
    needs(context, 'backend', 'mounts');
    const run = await runFinwait(['doctor'], { fake: 'streams.ts', within: without(...TRACEFS) });
    expect(run.code).toBe(3);
    expect(run.stdout).toMatch(/^missing +tracefs /m);
    expect(run.stdout).toMatch(/fix: mount -t tracefs nodev \/sys\/kernel\/tracing/);
  });
});

test.concurrent('doctor names a bpftrace that is too old, and what to do', async (context) => {
  needs(context, 'backend');
  const run = await runFinwait(['doctor'], { fake: 'is-too-old.ts' });
  expect(run.code).toBe(3);
  expect(run.stdout).toMatch(/^missing +bpftrace +bpftrace 0\.9\.0 is too old/m);
});

test.concurrent('a backend that this kernel does not have: exit 3, and why not', async (context) => {
  needs(context, 'backend');
  const survey = await runFinwait(['doctor'], { fake: 'streams.ts' });
  const [, missing] = /^(?:limited|missing) +backend (\w+)/m.exec(survey.stdout) ?? [];
  if (missing === undefined) return context.skip('this kernel has all backends');
  const run = await runFinwait(['trace', '--backend', missing], { fake: 'streams.ts' });
  expectFault(run, 3, {
    what: new RegExp(`the ${missing} backend cannot trace on this kernel`),
    why: new RegExp(`${missing}: \\S`),
    remedy: /finwait doctor/,
  });
});

describe.concurrent('what the lab lacks: exit 3, and the command that brings it', () => {
  const TOOLS = { ip: 'iproute2', ss: 'iproute2', nft: 'nftables', python3: 'python3' } as const;

  test.for(Object.keys(TOOLS) as (keyof typeof TOOLS)[])('%s', async (missing) => {
    const path = scratch();
    for (const tool of Object.keys(TOOLS)) if (tool !== missing) symlinkSync('/bin/true', join(path, tool));
    const run = await runFinwait(['lab'], { path });
    expectFault(run, 3, {
      what: new RegExp(`${missing} is not installed`),
      why: /the lab/,
      remedy: new RegExp(`apt-get install ${TOOLS[missing]}`),
    });
    expect(run.stdout).toBe('');
  });

  test('root', async (context) => {
    const path = scratch();
    for (const tool of Object.keys(TOOLS)) symlinkSync('/bin/true', join(path, tool));
    chmodSync(path, 0o755);
    const run = await runFinwait(['lab'], { ...withoutRights(context), path: `${path}:${process.env['PATH']}` });
    expectFault(run, 3, { what: /the lab needs root/, why: /network namespaces/, remedy: /sudo finwait lab/ });
  });

  test('the right to make namespaces', async (context) => {
    needs(context, 'root', 'setpriv');
    const run = await runFinwait(['lab', 'active_close'], {
      within: ['setpriv', '--bounding-set=-all', '--inh-caps=-all'],
    });
    expectFault(run, 3, { what: /^ip (netns|-n)|failed/, why: /network namespaces/, remedy: /sudo finwait lab/ });
  });
});
