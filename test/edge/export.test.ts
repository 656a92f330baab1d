import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { expectFault, runFinwait } from './run-finwait.ts';

const DEMO = fileURLToPath(new URL('../../docs/demo.fwr', import.meta.url));

describe.concurrent('finwait export', () => {
  test('--to ndjson writes what trace --json writes', async () => {
    const [exported, traced] = await Promise.all([
      runFinwait(['export', DEMO, '--to', 'ndjson']),
      runFinwait(['trace', DEMO, '--json']),
    ]);
    expect(exported.stdout.length).toBeGreaterThan(10_000);
    expect(exported.stdout).toBe(traced.stdout);
    expect(exported.code).toBe(0);
  });

  test('--to csv has a row for each close path, and its exit code', async () => {
    const [csv, traced] = await Promise.all([
      runFinwait(['export', DEMO, '--to', 'csv']),
      runFinwait(['trace', DEMO, '--json']),
    ]);
    const paths = traced.stdout.match(/"type":"close_path"/g)?.length ?? 0;
    expect(paths).toBeGreaterThan(1000);
    expect(csv.stdout.split('\n').length).toBe(paths + 2);
    expect(csv.stderr).toBe('');
    expect(csv.code).toBe(0);
  });

  test('takes the filters', async () => {
    const run = await runFinwait(['export', DEMO, '--to', 'ndjson', '--comm', 'nobody']);
    expect(run.stdout).not.toMatch(/"close_path"/);
    expect(run.code).toBe(0);
  });

  test('of a file that is not there: a fault, and nothing on stdout', async () => {
    const run = await runFinwait(['export', '/nonexistent.fwr', '--to', 'ndjson']);
    expectFault(run, 1, { what: /cannot be read/, why: /./, remedy: /./ });
    expect(run.stdout).toBe('');
  });
});
