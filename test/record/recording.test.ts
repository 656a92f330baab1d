import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createZstdCompress, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../src/kernel/fault.ts';
import { TRAILER } from '../../src/record/format.ts';
import { type ReadResult, readRecording } from '../../src/record/reader.ts';
import { openRecording } from '../../src/record/writer.ts';
import type { Meta } from '../../src/wire/meta.ts';
import { aMeta } from '../builders/meta.ts';
import { announceLine, destroyLine, helloLine, ms, noticeLine, oneOfEach, tickLine } from '../builders/wire-lines.ts';

let folder = '';
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'finwait-record-'));
});
afterAll(() => rm(folder, { recursive: true }));

const newPath = (): string => join(folder, `${files++}.fwr`);

const write = async (lines: readonly string[], meta = aMeta()): Promise<string> => {
  const path = newPath();
  const recording = await openRecording(path, () => {});
  recording.start(meta);
  for (const line of lines) recording.write(line);
  await recording.end();
  return path;
};

type Read = ReadResult & { readonly meta: Meta | null; readonly given: readonly string[] };

const read = async (path: string, hold: () => Promise<void> | undefined = () => undefined): Promise<Read> => {
  const given: string[] = [];
  let meta: Meta | null = null;
  const result = await readRecording(path, {
    onMeta: (read) => {
      meta = read;
    },
    onLine: (line) => {
      given.push(line);
      return hold();
    },
  });
  return { ...result, meta, given };
};

const readBytes = async (bytes: Uint8Array | string, hold?: () => Promise<void>): Promise<Read> => {
  const path = newPath();
  await writeFile(path, bytes);
  return read(path, hold);
};

const faultOf = (reading: Promise<unknown>): Promise<Fault> =>
  reading.then(
    () => Promise.reject(new Error('there was no fault')),
    (error: unknown) => (error instanceof Fault ? error : Promise.reject(error)),
  );

const LINES = [helloLine(), ...oneOfEach(), noticeLine(ms(20), 'größe ✓')];
const text = (lines: readonly string[], meta: object = aMeta()): string =>
  [JSON.stringify(meta), ...lines].map((line) => `${line}\n`).join('');

describe('a recording that cannot be written', () => {
  test('where nothing was written, does not say that it can be replayed', async () => {
    const recording = await openRecording('/dev/full', () => {});
    recording.start(aMeta());
    recording.write(helloLine());
    const { message, why } = await faultOf(recording.end());
    expect(message).toMatch(/^\/dev\/full cannot be written \(ENOSPC\)$/);
    expect(why).toBe('the recording ends here; nothing of it was written');
  });

  test('that never began: nothing is recorded', async () => {
    const { why } = await faultOf(openRecording(join(folder, 'missing', 'x.fwr'), () => {}));
    expect(why).toBe('nothing is recorded');
  });
});

describe('writing, then reading', () => {
  test('gives the same meta and the same lines', async () => {
    const meta = aMeta({ reset_reasons: { 8: 'TCP_RFC9293' }, netns: null, hz: null, filters: { pid: '7' } });
    const { given, lines, isCut, meta: got } = await read(await write(LINES, meta));
    expect(given).toEqual(LINES);
    expect({ lines, isCut }).toEqual({ lines: LINES.length, isCut: false });
    expect(got).toEqual(meta);
  });

  test('gives the same lines, whatever printable text is in them', async () => {
    const line = fc.string({ minLength: 1 }).filter((each) => !/[\r\n]/.test(each) && each !== TRAILER);
    await fc.assert(
      fc.asyncProperty(fc.array(line), async (lines) => {
        expect((await read(await write(lines))).given).toEqual(lines);
      }),
      { numRuns: 30 },
    );
  });

  test('gives 100,000 lines, more than any buffer on the way holds', async () => {
    const lines = Array.from({ length: 50_000 }, (_, i) => [
      tickLine(i),
      destroyLine({ at: i, sk: i.toString(16) }),
    ]).flat();
    const { given } = await read(await write(lines));
    expect(given).toHaveLength(lines.length);
    expect(given).toEqual(lines);
  });

  test('gives them when the reader holds each line up', async () => {
    const { given } = await read(await write(LINES), () => new Promise((resolve) => setImmediate(resolve)));
    expect(given).toEqual(LINES);
  });

  test('a recording of nothing but its meta is whole', async () => {
    expect(await read(await write([]))).toMatchObject({ given: [], lines: 0, isCut: false, meta: aMeta() });
  });

  test('what is on disk is one zstd frame of lines, the last of them the trailer', async () => {
    const bytes = await readFile(await write(LINES));
    expect(zstdDecompressSync(bytes).toString()).toBe(`${text(LINES)}${TRAILER}\n`);
  });
});

describe('a recording that is cut off', () => {
  /** zstd of the pieces, each flushed as a live recording is once a second. */
  const flushed = async (pieces: readonly string[]): Promise<Buffer> => {
    const zstd = createZstdCompress();
    const chunks: Buffer[] = [];
    zstd.on('data', (chunk: Buffer) => chunks.push(chunk));
    for (const piece of pieces) {
      zstd.write(piece);
      await new Promise<void>((resolve) => zstd.flush(resolve));
    }
    await new Promise<void>((resolve) => zstd.once('end', resolve).end());
    return Buffer.concat(chunks);
  };

  const survey = async (bytes: Buffer, lines: readonly string[], every: number): Promise<number> => {
    let most = 0;
    for (let length = 0; length < bytes.length; length += every) {
      const outcome = await readBytes(bytes.subarray(0, length)).catch((error: unknown) => error);
      if (outcome instanceof Fault) {
        expect(most, `a fault after ${length} bytes`).toBe(0);
        continue;
      }
      if (outcome instanceof Error) throw outcome;
      const { given, isCut, lines: count } = outcome as Read;
      expect(given).toEqual(lines.slice(0, given.length));
      expect(count).toBe(given.length);
      expect(given.length).toBeGreaterThanOrEqual(most);
      // The trailer may be there whole although the last bytes of the frame are not.
      if (!isCut) expect(given).toEqual(lines);
      most = Math.max(most, given.length);
    }
    return most;
  };

  test('at any byte gives a prefix of its lines, or a fault before its first', async () => {
    const lines = LINES.slice(0, 6);
    const bytes = await readFile(await write(lines));
    await survey(bytes, lines, 1);
  });

  test('at any byte, flushed now and then as a live one is, gives more the later the cut', async () => {
    const lines = Array.from({ length: 40 }, (_, i) => announceLine({ at: i, sk: `a${i}`, rcvNxt: i * 7919 }));
    const [head = '', ...rest] = text(lines).split(/(?<=\n)(?=A \S+ a[123]0 )/);
    const bytes = await flushed([head, ...rest, `${TRAILER}\n`]);
    expect(rest).toHaveLength(3);
    const most = await survey(bytes, lines, 7);
    expect(most).toBeGreaterThanOrEqual(29);
  });

  test('says so, and withholds the last line, which may be half a line', async () => {
    const bytes = zstdCompressSync(text(['C 100', 'C 200', 'C 30']));
    expect(await readBytes(bytes)).toMatchObject({ given: ['C 100', 'C 200'], lines: 2, isCut: true });
  });

  test('gives as much to a slow reader as to a fast one', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `C ${i} ${Math.sin(i)}`);
    const pieces = Array.from({ length: 30 }, (_, i) => `${lines.slice(i * 100, i * 100 + 100).join('\n')}\n`);
    const whole = await flushed([text([]), ...pieces]);
    const cut = whole.subarray(0, whole.length - 5);
    const fast = await readBytes(cut);
    const slow = await readBytes(cut, () => new Promise((resolve) => setImmediate(resolve)));
    expect(fast.isCut && slow.isCut).toBe(true);
    expect(slow.lines).toBe(fast.lines);
    expect(fast.lines).toBeGreaterThan(2000);
  });

  test('before its first line is a fault that says it', async () => {
    const bytes = zstdCompressSync(text(LINES));
    const fault = await faultOf(readBytes(bytes.subarray(0, 12)));
    expect(fault).toMatchObject({ exitCode: 1, message: expect.stringContaining('cut off before its first line') });
  });

  test('in the middle of its meta is the same', async () => {
    const bytes = zstdCompressSync(JSON.stringify(aMeta()).slice(0, 60));
    expect((await faultOf(readBytes(bytes))).message).toContain('cut off before its first line');
  });

  test('damaged in the middle gives a prefix and says it is cut', async () => {
    const lines = Array.from({ length: 40_000 }, (_, i) => `C ${i} ${Math.sin(i)}`);
    const bytes = Buffer.from(zstdCompressSync(text([...lines, TRAILER])));
    bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 50);
    const outcome = await readBytes(bytes);
    expect(outcome.isCut).toBe(true);
    expect(outcome.given).toEqual(lines.slice(0, outcome.given.length));
  });
});

describe('what is no recording is a fault', () => {
  test.each<[string, Uint8Array | string, string]>([
    ['an empty file', '', 'is empty'],
    ['text', 'A 1 2 3\n', 'is not a finwait recording'],
    ['a file of three bytes', Uint8Array.of(0x28, 0xb5, 0x2f), 'is not a finwait recording'],
    ['gzip', gzipSync(text(LINES)), 'is not a finwait recording'],
    ['zstd of text', zstdCompressSync('hello\nworld\n'), 'is not a finwait recording'],
    ['zstd of JSON that is no meta', zstdCompressSync('{"type":"close_path"}\n'), 'is not a finwait recording'],
    ['zstd of a JSON list', zstdCompressSync('[]\n'), 'is not a finwait recording'],
    ['zstd of JSON null', zstdCompressSync('null\n'), 'is not a finwait recording'],
    ['a meta without a schema', zstdCompressSync('{"type":"meta"}\n'), 'is not a finwait recording'],
    ['a newer schema', zstdCompressSync(text([], aMeta({ schema: 2 }))), 'schema 2'],
  ])('%s', async (_what, bytes, words) => {
    const fault = await faultOf(readBytes(bytes));
    expect(fault.message).toContain(words);
    expect(fault.exitCode).toBe(1);
    expect(fault.remedy).not.toBe('');
  });

  test('a file that is not there', async () => {
    const fault = await faultOf(read(join(folder, 'nothing')));
    expect(fault).toMatchObject({ exitCode: 1, message: expect.stringContaining('ENOENT') });
  });

  test('a folder', async () => {
    expect((await faultOf(read(folder))).message).toContain('EISDIR');
  });

  test('arbitrary bytes, with or without zstd around them, give a fault and never another error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isZstd) => {
        await faultOf(readBytes(isZstd ? zstdCompressSync(bytes) : bytes));
      }),
      { numRuns: 60 },
    );
  });
});

describe('the meta', () => {
  test('of unknown fields is read without them, and missing ones are filled', async () => {
    const bytes = zstdCompressSync(text([TRAILER], { type: 'meta', schema: 1, novel: true, hz: 'fast', sysctls: [1] }));
    expect((await readBytes(bytes)).meta).toEqual(
      aMeta({
        finwait: 'unknown',
        bpftrace: 'unknown',
        kernel: 'unknown',
        host: 'unknown',
        backend: 'unknown',
        boot_offset_ns: 'unknown',
        started_at: 'unknown',
        pid: 0,
        netns: null,
        hz: null,
        reorder_window_ms: 50,
        sysctls: {},
        wire: 1,
      }),
    );
  });

  test.each([
    [-5, 0],
    [1e9, 2000],
  ])('a reorder window of %d ms is bounded to %d', async (given, bounded) => {
    const bytes = zstdCompressSync(text([TRAILER], aMeta({ reorder_window_ms: given })));
    expect((await readBytes(bytes)).meta?.reorder_window_ms).toBe(bounded);
  });

  test('the age at which sockets were announced comes back, and is missing where it was not written', async () => {
    const late = zstdCompressSync(text([TRAILER], aMeta({ min_age_ms: 10 })));
    expect((await readBytes(late)).meta?.min_age_ms).toBe(10);
    const { min_age_ms, ...first } = aMeta();
    const old = zstdCompressSync(text([TRAILER], first));
    expect((await readBytes(old)).meta).not.toHaveProperty('min_age_ms');
  });
});

describe('reading can be ended early', () => {
  test('by its signal, and what was read is no cut', async () => {
    const path = await write(Array.from({ length: 1000 }, (_, i) => tickLine(i)));
    const controller = new AbortController();
    let lines = 0;
    const result = await readRecording(path, {
      signal: controller.signal,
      onMeta: () => {},
      onLine: () => {
        if (++lines === 10) controller.abort();
        return undefined;
      },
    });
    expect(result).toEqual({ isCut: false, isBomb: false, lines: 10 });
  });
});

describe('writing that fails is a fault', () => {
  test('where the folder is missing', async () => {
    const fault = await faultOf(openRecording(join(folder, 'none', 'x.fwr'), () => {}));
    expect(fault).toMatchObject({ exitCode: 1, message: expect.stringContaining('ENOENT') });
    expect(fault.remedy).toContain('folder');
  });

  test('where the disk is full, at its end and before', async () => {
    const recording = await openRecording('/dev/full', () => {});
    recording.start(aMeta());
    recording.write(tickLine(0));
    const fault = await faultOf(recording.end());
    expect(fault.message).toContain('ENOSPC');
    expect((await faultOf(recording.failed)).message).toContain('ENOSPC');
  });
});

describe("the kernel's clocks in the meta", () => {
  const reading = { value: 2 ** 32 - 1, boot_ns: '8000000000', monotonic_ns: '5000000000' };

  test('come back as they were written', async () => {
    expect((await read(await write([], aMeta({ jiffies: reading })))).meta?.jiffies).toEqual(reading);
  });

  test.each<[string, unknown]>([
    ['absent, as in the first recordings', undefined],
    ['a count of more than 32 bits', { ...reading, value: 2 ** 32 }],
    ['a clock that is no number', { ...reading, boot_ns: '1e9' }],
    ['not an object', 7],
  ])('are unknown when %s', async (_, jiffies) => {
    const path = newPath();
    await writeFile(path, zstdCompressSync(`${JSON.stringify({ ...aMeta(), jiffies })}\n${TRAILER}\n`));
    expect((await read(path)).meta?.jiffies).toBeNull();
  });
});
