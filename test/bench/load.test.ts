import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { startChild } from '../../bench/child.ts';
import { buildLoad, parseLoad } from '../../bench/load.ts';

const dir = mkdtempSync(join(tmpdir(), 'finwait-load-'));
let program: string | null = null;

beforeAll(() => {
  if (spawnSync('cc', ['--version']).error === undefined) program = buildLoad(dir);
});
afterAll(() => rmSync(dir, { recursive: true }));

const built = (context: TestContext): string => program ?? context.skip('no C compiler (cc) here: apt-get install gcc');

const run = (file: string, ...args: readonly string[]) => parseLoad(execFileSync(file, args, { encoding: 'utf8' }));

describe('the load generator', () => {
  test('ends after the connections it was allowed, before its time', (context) => {
    const load = run(built(context), '--seconds', '30', '--threads', '2', '--connections', '200');
    expect(load).toMatchObject({ connections: 200, failed: 0 });
    expect(load.seconds).toBeLessThan(20);
  });

  test('keeps to its time and to no more than its rate, the slow ones included', (context) => {
    const load = run(built(context), '--seconds', '1', '--rate', '100', '--slow', '5');
    expect(load).toMatchObject({ slow: 5, failed: 0 });
    expect(load.connections).toBeGreaterThan(5);
    expect(load.connections).toBeLessThanOrEqual(102);
  });

  test('ends at SIGINT with what there is', async (context) => {
    const child = await startChild(built(context), ['--seconds', '30', '--rate', '50']);
    await sleep(300);
    expect(await child.stop()).toBe(0);
    const { connections, seconds } = parseLoad(child.said().stdout);
    expect(connections).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(25);
  });

  test('refuses what is out of its bounds', (context) => {
    const file = built(context);
    const wrong = [
      ['--seconds', '0'],
      ['--seconds', '9999'],
      ['--connections', '99999999999'],
      ['--rate', '1x'],
      ['--wrong'],
    ];
    expect(wrong.map((args) => spawnSync(file, args).status)).toEqual(wrong.map(() => 2));
  });
});
