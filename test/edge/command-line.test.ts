import { describe, expect, test } from 'vitest';
import { expectFault, runFinwait } from './run-finwait.ts';

describe.concurrent('asked what it can do', () => {
  test.for([
    [['--help'], /^Usage: finwait \[options\] \[command\]/, /trace \[options\] \[file\]/],
    [['help'], /^Usage: finwait \[options\] \[command\]/, /doctor/],
    [['trace', '--help'], /^Usage: finwait trace \[options\] \[file\]/, /--min-age <time>/],
    [['help', 'trace'], /^Usage: finwait trace \[options\] \[file\]/, /--json/],
    [['--version'], /^\d+\.\d+\.\d+\n$/, /./],
  ] as const)('%j: on stdout, exit 0', async ([args, beginning, content]) => {
    const run = await runFinwait(args);
    expect(run.stdout).toMatch(beginning);
    expect(run.stdout).toMatch(content);
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
  });
});

describe.concurrent('a wrong command line: exit 2, nothing on stdout, and what is right', () => {
  test.for([
    [['--frobnicate'], /unknown option '--frobnicate'/],
    [['trace', '--frobnicate'], /unknown option '--frobnicate'/],
    [['tarce'], /unknown command 'tarce'; there are top, trace, record, replay, demo, explain, export/],
    [['\u001b[2J'], /unknown command '\S+'/],
    [['trace', 'a.fwr', 'b.fwr'], /too many arguments/],
    [['replay'], /missing required argument 'file'/],
    [['export', 'a.fwr'], /required option '--to <format>' not specified/],
    [['export', 'a.fwr', '--to', 'toString'], /give one of ndjson, csv/],
    [['trace', '--min-age'], /'--min-age <time>' argument missing/],
    [['trace', '--min-age', '10'], /500us, 10ms, 30s, 2m, 1h/],
    [['trace', '--min-age', '-5ms'], /500us, 10ms, 30s, 2m, 1h/],
    [['trace', '--min-age', 'soon'], /500us, 10ms, 30s, 2m, 1h/],
    [['record', '--duration', '1d'], /500us, 10ms, 30s, 2m, 1h/],
    [['record', '--duration', '1000h'], /at most 596h/],
    [['trace', '-L', 'http'], /ports from 0 to 65535 and ranges of them, separated by commas/],
    [['trace', '-L', '80,65536'], /ports from 0 to 65535/],
    [['trace', '-D', '80,,81'], /ports from 0 to 65535/],
    [['trace', '-p', 'bash'], /whole number/],
    [['trace', '-L', '90-80'], /lower port of a range first: 80-90/],
    [['trace', '-p', '0'], /pid of a process, from 1/],
    [['record', '--duration', '0'], /a time above 0/],
    [['record', '--comm', 'node-MainThread2'], /at most 15 bytes.* here to 'node-MainThread'/],
    [['trace', '--netns', '0x10'], /whole number/],
    [['trace', '--state', 'DYING'], /a TCP state: ESTABLISHED, .*FIN_WAIT1.*CLOSING/],
    [['doctor', '--backend', 'ebpf'], /auto, fentry, kprobe, tracepoint/],
    [['top', '--backend', 'ebpf'], /auto, fentry, kprobe, tracepoint/],
    [['trace', '-4', '-6'], /cannot be used with option/],
    [['lab', '-4', '-6'], /cannot be used with option/],
    [['lab', '--count', '0'], /whole number from 1 to 9999/],
    [['lab', '--at-once', 'all'], /whole number from 1 to 9999/],
    [['lab', '--shuffle', 'well'], /whole number/],
    [['replay', 'a.fwr', '--speed', '0'], /a factor above 0/],
  ] as const)('%j', async ([args, message]) => {
    const run = await runFinwait(args);
    expect(run.stderr).toMatch(message);
    expect(run.stderr).toMatch(/^error: /);
    expect(run.stderr).toMatch(/see 'finwait --help'/);
    expect(run.stderr).not.toMatch(/\u001b|^\s+at /m);
    expect(run.stdout).toBe('');
    expect(run.code).toBe(2);
  });

  test('states are taken in any spelling', async () => {
    const run = await runFinwait(['trace', '--state', 'tcp_fin-wait1', '/nonexistent']);
    expect(run.stderr).toMatch(/cannot be read/);
  });
});

describe.concurrent('the lab', () => {
  test('--list: what there is, without root or Python', async () => {
    const run = await runFinwait(['lab', '--list'], { path: '/nonexistent' });
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/^active_close +1 s {2}this side closes first/m);
    expect(run.stdout).toMatch(/^quick +\d+ of them$/m);
    expect(run.stderr).toBe('');
  });

  test.for([
    [
      ['lab', 'active_close', 'sudden_death'],
      { what: /no scenario is called sudden_death/, why: /those of the list/, remedy: /finwait lab --list/ },
    ],
    [
      ['lab', 'out_of_memory'],
      { what: /sysctl of the whole machine/, why: /the value is restored/, remedy: /finwait lab --host out_of_memory/ },
    ],
    [['lab', '--count', '9999'], { what: /more than 5000 plays/, why: /ports of its own/, remedy: /smaller --count/ }],
  ] as const)('%j: exit 2', async ([args, fault]) => {
    const run = await runFinwait(args);
    expectFault(run, 2, fault);
    expect(run.stdout).toBe('');
  });
});
