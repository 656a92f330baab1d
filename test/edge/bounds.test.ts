import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Hostile, KIN, KIND_NAMES, mixed, PACES, packed, SMALL, THE_FIVE } from '../builders/hostile.ts';
import { META } from './recording.ts';
import { REPO, type Run, runFinwait, type Setting, scratch } from './run-finwait.ts';

/** No recording below 1 MB may take more: Node itself takes 75 MB of it. */
const MOST_MB = 300;
/** Seconds of the processor: a machine that is busy otherwise takes longer. */
const MOST_SECONDS = 10;

const WAYS: readonly (readonly string[])[] = [
  ['trace'],
  ['explain', '--json'],
  ['trace', '--json'],
  ['explain'],
  ['replay', '--speed', 'max'],
];

type Usage = { readonly peakMb: number; readonly cpuSeconds: number };

const usageOf = (text: string): Usage => {
  const value: unknown = JSON.parse(text);
  const figure = (name: string): number => Number(typeof value === 'object' && value ? Reflect.get(value, name) : NaN);
  return { peakMb: figure('peakMb'), cpuSeconds: figure('cpuSeconds') };
};

const fileOf = (bytes: Uint8Array): string => {
  const file = join(scratch(), 'hostile.fwr');
  writeFileSync(file, bytes);
  return file;
};

const measured = async (args: readonly string[], setting: Setting = {}): Promise<{ run: Run; usage: Usage }> => {
  const usageFile = join(scratch(), 'usage');
  const env = { NODE_OPTIONS: `--import=${REPO}/test/edge/usage-at-exit.ts`, USAGE_FILE: usageFile };
  const run = await runFinwait(args, { stdout: '/dev/null', ...setting, env });
  return { run, usage: usageOf(readFileSync(usageFile, 'utf8')) };
};

const expectBounded = async (hostile: Hostile, way: readonly string[], enough?: number): Promise<void> => {
  const bytes = await packed(hostile, enough);
  expect(bytes.length).toBeLessThan(SMALL);
  const { run, usage } = await measured([...way, fileOf(bytes)]);
  const what = `${way.join(' ')} of ${bytes.length} bytes: ${hostile.name}`;
  expect(run.code, what).toBe(0);
  expect(usage.peakMb, `MB, ${what}`).toBeLessThan(MOST_MB);
  expect(usage.cpuSeconds, `s, ${what}`).toBeLessThan(MOST_SECONDS);
  expect(run.stderr.length, `to stderr, ${what}`).toBeLessThan(400_000);
};

/** The five unpack to this much: without a bound each is far beyond one. */
const HUGE = 400_000_000;

describe.concurrent('the recordings of the report take no more than 300 MB and 10 s', () => {
  test.for(THE_FIVE.map((hostile, i) => [hostile.name, hostile, WAYS[i % 2] ?? []] as const))(
    '%s',
    ([, hostile, way]) => expectBounded(hostile, way, HUGE),
  );
});

describe.concurrent('nor do their kin', () => {
  test.for(KIN.map((hostile, i) => [hostile.name, hostile, WAYS[i % WAYS.length] ?? []] as const))(
    '%s',
    ([, hostile, way]) => expectBounded(hostile, way),
  );
});

test('nor does any other mixture of lines', { timeout: 300_000 }, async () => {
  const run = fc.record({
    kind: fc.constantFrom(...KIND_NAMES),
    count: fc.constantFrom(1, 3, 100, 30_000),
    pace: fc.constantFrom(...PACES),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(run, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(3, 9),
      fc.constantFrom(0, 10, 86_400_000),
      fc.constantFrom(...WAYS),
      (runs, level, minAgeMs, way) => expectBounded(mixed(runs, level, minAgeMs), way),
    ),
    { seed: 11, numRuns: 12, endOnFailure: true },
  );
});

test('a hundred thousand frames are read as one', async () => {
  const frame = zstdCompressSync('C 5\n');
  const many = Buffer.concat([
    zstdCompressSync(`${JSON.stringify(META)}\nH 1 tracepoint 1 1795236568.703725\n`),
    ...Array.from({ length: Math.floor(990_000 / frame.length) }, () => frame),
  ]);
  const { run, usage } = await measured(['explain', fileOf(many)]);
  expect(run.code).toBe(0);
  expect(usage.peakMb).toBeLessThan(MOST_MB);
  expect(usage.cpuSeconds).toBeLessThan(MOST_SECONDS);
});

test('a frame that refers back farther than finwait holds is refused by name', async () => {
  // A frame header of RFC 8878: no content size, and a window of 2^27 bytes.
  const far = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x01, 0x00, 0x00]);
  const { run } = await measured(['trace', fileOf(far)]);
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(/is packed with a window above 8 MB/);
  expect(run.stderr).toMatch(/try: .*zstd -d --long=31/);
});

test('a recording that unpacks to more than any host’s is read so far, and both said and doubted', async () => {
  const text = `${JSON.stringify(META)}\nH 1 tracepoint 1 1795236568.703725\n${'C 5\n'.repeat(5_000_000)}`;
  const file = fileOf(zstdCompressSync(text));
  const { run } = await measured(['explain', file], { stdout: '' });
  expect(run.code).toBe(0);
  expect(run.stderr).toMatch(/left unread after \d+ lines: it unpacks to more than 20 times its size/);
  expect(run.stdout.replace(/\s+/g, ' ')).toContain('the recording is cut off');
});

test('a reader of stdout that is slow holds the reading up, and takes no memory', async () => {
  const hostile = THE_FIVE.find(({ name }) => name.startsWith('an inventory'));
  if (hostile === undefined) throw new Error('the inventory has another name');
  const within = ['sh', '-c', '"$@" | { sleep 2; cat >/dev/null; }', 'sh'];
  const { usage } = await measured(['trace', '--json', fileOf(await packed(hostile))], { within });
  expect(usage.peakMb).toBeLessThan(MOST_MB);
});
