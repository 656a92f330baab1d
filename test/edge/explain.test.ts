import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CAUSES } from '../../src/explain/causes/order.ts';
import { needs } from './machine.ts';
import { recordingOf } from './recording.ts';
import { expectFault, expectNothingLeft, REPO, rowsOf, runFinwait, scratch, startFinwait } from './run-finwait.ts';

const DEMO = join(REPO, 'docs/demo.fwr');
const flat = (text: string): string => text.replace(/\s+/g, ' ');

describe.concurrent('explain over the recording that comes with finwait', () => {
  test('begins with the answer, which is the one that README and docs/explain.md show', async () => {
    const run = await runFinwait(['explain', DEMO]);
    expect(run.code).toBe(0);
    expect(run.stderr).toBe('');
    expect(flat(run.stdout)).toMatch(
      /^20 orphans on web-1 \(the kernel counts 20, <1% of its limit of 8,192\), the oldest since 2026-11-21 09:32:52 UTC/,
    );
    const [answer = ''] = run.stdout.split('\n\n');
    expect(flat(answer)).toMatch(
      /Whose: 8 \(40%\) of payments-kill\[580\]; 17 \(85%\) with peer 10\.77\.0\.2; 8 \(40%\) at remote port 443\./,
    );
    for (const page of ['README.md', 'docs/explain.md']) {
      expect(readFileSync(join(REPO, page), 'utf8'), page).toContain(answer);
    }
  });

  test('no line is wider than 80 columns when piped, whatever it is grouped by', async () => {
    for (const by of ['closer', 'peer', 'port', 'cause', 'state', 'netns']) {
      const run = await runFinwait(['explain', DEMO, '--by', by]);
      expect(run.stdout).toContain(`Orphans now by ${by}: 20 sockets`);
      expect(Math.max(...run.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
      expect(run.stdout).not.toMatch(/\u001b/);
    }
  });

  test('--json: meta, the explanation, the sockets still dying, the last ledger', async () => {
    const run = await runFinwait(['explain', DEMO, '--json', '--limit', '26']);
    const rows = rowsOf(run);
    expect(rows.map(({ type }) => type)).toEqual([
      'meta',
      'explanation',
      'host',
      ...Array.from({ length: 20 }, () => 'dying'),
      ...Array.from({ length: 6 }, () => 'close_path'),
      'ledger',
    ]);
    expect(rows[1]).toMatchObject({ by: 'cause', totals: { orphans: { count: 20 }, died: { count: 1726 } } });
    expect(rows[3]).toMatchObject({ ended_by: null });
    expect(rows.at(-1)).toMatchObject({ orphans: 20, kernel_orphans: 20, drift: 0 });
  });

  test('--socket tells all about one', async () => {
    const run = await runFinwait(['explain', DEMO, '--socket', '10.77.0.1:34672->10.77.0.2:443']);
    expect(flat(run.stdout)).toContain('closed by payments-kill[580], exiting, killed by signal 9 (exit)');
    expect(run.stdout).not.toContain('Orphans now');
  });

  test('--socket that is not there: exit 1, nothing on stdout', async () => {
    const run = await runFinwait(['explain', DEMO, '--socket', '192.0.2.1:1']);
    expectFault(run, 1, { what: /no such socket/, why: /from their close on/, remedy: /--duration/ });
    expect(run.stdout).toBe('');
  });

  test('filters choose what is explained; the host stays whole', async () => {
    const run = await runFinwait(['explain', DEMO, '--comm', 'payments-kill']);
    expect(flat(run.stdout)).toMatch(/^8 orphans that pass the filters on web-1 \(the kernel counts 20/);
  });
});

describe.concurrent('explain', () => {
  test('of a recording that is cut off says so in the answer', async () => {
    const file = join(scratch(), 'cut.fwr');
    writeFileSync(file, recordingOf(5000).subarray(0, -200));
    const run = await runFinwait(['explain', file]);
    expect(flat(run.stdout)).toContain('Doubts: the recording is cut off');
    expect(run.stderr).toMatch(/cut off after/);
  });

  test('live ends by its duration, with an answer', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['explain', '--duration', '1s'], { fake: 'streams.ts' });
    const run = await running.done;
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/watching for 1 s; Ctrl\+C ends it early/);
    expect(flat(run.stdout)).toMatch(/sockets died while finwait watched/);
    expectNothingLeft(running);
  });

  test('live ends early at SIGINT, and answers all the same', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['explain', '--duration', '1h', '--json'], { fake: 'streams.ts' });
    await running.says(/watching for/);
    running.kill('SIGINT');
    const run = await running.done;
    expect(run.code).toBe(0);
    expect(rowsOf(run).map(({ type }) => type)).toEqual(expect.arrayContaining(['meta', 'explanation', 'ledger']));
    expectNothingLeft(running);
  });

  test('--list needs neither root nor bpftrace, and prints all causes, or one', async () => {
    const [all, one, json] = await Promise.all([
      runFinwait(['explain', '--list'], { path: '/nonexistent' }),
      runFinwait(['explain', '--list', 'retries']),
      runFinwait(['explain', '--list', '--json']),
    ]);
    expect(all.code).toBe(0);
    expect(all.stdout).toMatch(/^ack +the peer has not acknowledged our data or FIN\n/);
    expect(all.stdout.match(/^ {2}What does not help$/gm)).toHaveLength(CAUSES.length);
    expect(one.stdout).toMatch(/^retries: given up/);
    const notes = json.stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(notes).toHaveLength(CAUSES.length);
    expect(notes[0]).toMatchObject({ type: 'cause', cause: 'ack', does_not_help: expect.any(Array) });
  });
});

describe.concurrent('a wrong command line of explain: exit 2', () => {
  test.for([
    [['explain', '--by', 'colour'], /closer, peer, port, cause, state, netns/],
    [['explain', '--socket', '443'], /ADDR:PORT->ADDR:PORT/],
    [['explain', '--limit', '0'], /from 1 to 1000/],
    [['explain', '--list', 'nope'], /give one of ack, window/],
    [['explain', 'a.fwr', '-o', 'b.fwr'], /FILE is a recording already/],
  ] as const)('%j', async ([args, message]) => {
    const run = await runFinwait(args);
    expect(run.stderr).toMatch(message);
    expect(run.stdout).toBe('');
    expect(run.code).toBe(2);
  });
});
