import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { WIRE_VERSION } from '../../src/wire/schema.ts';
import { wire } from './fakes/fake.ts';
import { META, recordingOf } from './recording.ts';
import { closePaths, expectFault, rowsOf, runFinwait, scratch, startFinwait } from './run-finwait.ts';

const fileOf = (content: string | Uint8Array): string => {
  const file = join(scratch(), 'x.fwr');
  writeFileSync(file, content);
  return file;
};

describe.concurrent('a file that is no recording finwait reads: exit 1, nothing on stdout', () => {
  const CASES = [
    ['an empty file', '', /is empty/, /record again: finwait record -o FILE/],
    ['plain text', 'TIME PID COMM\n', /is not a finwait recording/, /that finwait record wrote/],
    ['a gzip', gzipSync(`${JSON.stringify(META)}\n`), /is not a finwait recording/, /that finwait record wrote/],
    [
      'a zstd of something else',
      zstdCompressSync('hello\n'),
      /is not a finwait recording/,
      /that finwait record wrote/,
    ],
    ['a zstd of other JSON', zstdCompressSync('{"type":"x"}\n'), /is not a finwait recording/, /finwait record wrote/],
    ['a zstd of nothing', zstdCompressSync(''), /is cut off before its first line/, /record again/],
    [
      'one cut off in its first bytes',
      recordingOf(1).subarray(0, 20),
      /is cut off before its first line/,
      /record again/,
    ],
    [
      'one of a newer schema',
      recordingOf(1, { ...META, schema: 2 }),
      /schema 2; this finwait reads up to 1/,
      /newer one/,
    ],
  ] as const;

  test.for(CASES)('%s', async ([, content, what, remedy]) => {
    const run = await runFinwait(['trace', '--json', fileOf(content)]);
    expectFault(run, 1, { what, why: /a recording begins with/, remedy });
    expect(run.stdout).toBe('');
  });

  test('plain text, replayed', async () => {
    const run = await runFinwait(['replay', fileOf('hello')]);
    expectFault(run, 1, { what: /is not a finwait recording/, why: /begins with/, remedy: /record/ });
    expect(run.stdout).toBe('');
  });

  test('a file that is not there', async () => {
    const run = await runFinwait(['trace', 'missing.fwr']);
    expectFault(run, 1, {
      what: /missing\.fwr cannot be read \(ENOENT\)/,
      why: /no recording/,
      remedy: /check the name/,
    });
    expect(run.stdout).toBe('');
  });

  test('a directory', async () => {
    const run = await runFinwait(['trace', '/tmp']);
    expectFault(run, 1, { what: /\/tmp cannot be read \(EISDIR\)/, why: /no recording/, remedy: /not a folder/ });
    expect(run.stdout).toBe('');
  });

  test('one of a newer wire version', async () => {
    const content = zstdCompressSync(`${JSON.stringify(META)}\n${wire.hello(WIRE_VERSION + 1)}\n# end\n`);
    const run = await runFinwait(['trace', fileOf(content)]);
    expectFault(run, 1, {
      what: new RegExp(`wire version ${WIRE_VERSION + 1}; this finwait reads version ${WIRE_VERSION}`),
      why: /something else/,
      remedy: /newer/,
    });
  });
});

describe.concurrent('a recording that is cut off', () => {
  test.for([0.3, 0.7, 0.999])('at %d of its bytes: what there is, the word that it is cut, exit 0', async (part) => {
    const whole = recordingOf(3000);
    const run = await runFinwait(['trace', '--json', fileOf(whole.subarray(0, Math.floor(whole.length * part)))]);
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/the recording is cut off after \d+ lines; shown is what there is/);
    expect(rowsOf(run).at(-1)).toMatchObject({ malformed: 0 });
  });

  test('at its trailer: all its lines are shown', async () => {
    const text = zstdDecompressSync(recordingOf(10)).toString().replace('# end\n', '');
    const run = await runFinwait(['trace', '--json', fileOf(zstdCompressSync(text))]);
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/cut off after 22 lines/);
    expect(closePaths(rowsOf(run))).toHaveLength(10);
  });
});

test.concurrent('a line of a recording that cannot be read is counted, and its neighbours are shown', async () => {
  const lines = zstdDecompressSync(recordingOf(2)).toString().split('\n');
  lines.splice(4, 0, 'S broken', '\u001b[2J', 'i 1 2 3');
  const run = await runFinwait(['trace', '--json', fileOf(zstdCompressSync(lines.join('\n')))]);
  expect(run.code).toBe(0);
  expect(closePaths(rowsOf(run))).toHaveLength(2);
  expect(rowsOf(run).at(-1)).toMatchObject({ malformed: 3 });
});

describe.concurrent('a recording from stdin', () => {
  test('is read as a file is', async () => {
    const run = await runFinwait(['trace', '--json', '-'], { input: recordingOf(5) });
    expect(run.code).toBe(0);
    expect(closePaths(rowsOf(run))).toHaveLength(5);
  });

  test('an empty one: exit 1', async () => {
    const run = await runFinwait(['trace', '-']);
    expectFault(run, 1, { what: /stdin: is empty/, why: /a recording begins/, remedy: /record again/ });
  });

  test('one that says nothing does not hold a finwait that is told to stop', async () => {
    const running = startFinwait(['trace', '-'], { input: 'open' });
    const whole = recordingOf(3000);
    running.write(whole.subarray(0, whole.length / 2));
    await running.prints(/PATH/);
    running.kill('SIGTERM');
    const run = await running.done;
    expect(run.code).toBe(0);
    expect(run.ms).toBeLessThan(5000);
  });

  test('one that is none ends finwait, although its writer goes on', async () => {
    const running = startFinwait(['trace', '-'], { input: 'open' });
    running.write('this is plain text, and more may come\n');
    expectFault(await running.done, 1, { what: /stdin: is not a finwait recording/, why: /begins/, remedy: /record/ });
  });
});

test('deaths that were only counted are told by trace, its ledger and explain', async () => {
  const lines = [JSON.stringify(META), wire.hello(), ...wire.death(0xffff888000000000n), wire.tally(1234), wire.tick()];
  const file = fileOf(zstdCompressSync(`${[...lines, wire.bye(), '# end'].join('\n')}\n`));
  const [text, json, why] = await Promise.all([
    runFinwait(['trace', file]),
    runFinwait(['trace', '--json', file]),
    runFinwait(['explain', file]),
  ]);
  expect(text.stderr).toMatch(/1235 orphan entries, 1235 exits \(1234 fast deaths in both, counted in the kernel\);/);
  expect(rowsOf(json).at(-1)).toMatchObject({ type: 'ledger', entries: 1235, exits: 1235, tallied: 1234 });
  expect(why.stdout.replace(/\s+/g, ' ')).toContain(
    '1,234 sockets more died too fast to be announced: counted in the kernel',
  );
});
