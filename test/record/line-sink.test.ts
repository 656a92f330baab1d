import fc from 'fast-check';
import split2 from 'split2';
import { expect, test } from 'vitest';
import { createLineSink } from '../../src/record/line-sink.ts';
import { createDecoder } from '../../src/wire/decode.ts';

const viaSplit2 = async (chunks: readonly Buffer[]): Promise<readonly string[]> => {
  const stream = split2();
  const lines: string[] = [];
  stream.on('data', (line: string) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  await new Promise<void>((resolve) => {
    stream.once('end', resolve);
    stream.end();
  });
  return lines;
};

const viaSink = async (
  chunks: readonly Buffer[],
  hold: () => Promise<void> | undefined,
): Promise<readonly string[]> => {
  const lines: string[] = [];
  const sink = createLineSink((line) => {
    lines.push(line);
    return hold();
  });
  for (const chunk of chunks) sink.write(chunk);
  await new Promise<void>((resolve, reject) => {
    sink.once('finish', resolve);
    sink.once('error', reject);
    sink.end();
  });
  return lines;
};

/** Bytes cut anywhere, in the middle of a character or of \r\n too. The last line ends, as a recording's does. */
const chunked = fc
  .tuple(
    fc.string({ unit: fc.constantFrom('a', '\n', '\r\n', '\r', 'é', '\u{1f600}', ' ') }),
    fc.array(fc.nat({ max: 200 })),
  )
  .map(([text, cuts]) => {
    const bytes = Buffer.from(`${text}\n`);
    const at = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length];
    return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
  });

test('gives the lines that split2 gives but the empty ones, whatever pieces the bytes come in, held up or not', async () => {
  await fc.assert(
    fc.asyncProperty(chunked, async (chunks) => {
      const expected = (await viaSplit2(chunks)).filter((line) => line !== '');
      expect(await viaSink(chunks, () => undefined)).toEqual(expected);
      expect(await viaSink(chunks, () => Promise.resolve())).toEqual(expected);
    }),
  );
});

test('gives what stands after the last line break, when all is there', async () => {
  expect(await viaSink([Buffer.from('a\nto'), Buffer.from('rn')], () => undefined)).toEqual(['a', 'torn']);
});

test('waits for each promise before it gives the next line', async () => {
  let waiting = 0;
  let most = 0;
  await viaSink([Buffer.from('a\n'.repeat(20))], async () => {
    most = Math.max(most, ++waiting);
    await new Promise((resolve) => setImmediate(resolve));
    waiting--;
  });
  expect(most).toBe(1);
});

test('ends with the error of whoever takes the lines, thrown or awaited', async () => {
  const given = [Buffer.from('a\nb\n')];
  const fault = new Error('not this line');
  await expect(
    viaSink(given, () => {
      throw fault;
    }),
  ).rejects.toBe(fault);
  await expect(viaSink(given, () => Promise.reject(fault))).rejects.toBe(fault);
});

test('a line of more than a million characters is a malformed one, and those around it are as they were', async () => {
  const million = 'x'.repeat(2 ** 20);
  const told = await viaSink(
    [Buffer.from(`a\n${million}`), Buffer.from('x\nb\n'), Buffer.from(`${million}y\nc\n`)],
    () => undefined,
  );
  expect(told).toEqual(['a', '? a line too long to be read', 'b', '? a line too long to be read', 'c']);
  expect(createDecoder()(told[1] ?? '')?.kind).toBe('malformed');
  expect(await viaSink([Buffer.from(`${million}\n`)], () => undefined)).toEqual([million]);
  expect(await viaSink([Buffer.from(million), Buffer.from('torn')], () => undefined)).toEqual([told[1]]);
});

test('half a gigabyte without a line break is one such line, and no string that V8 cannot make', async () => {
  const chunk = Buffer.alloc(2 ** 16, 'x');
  const chunks = Array.from({ length: 2 ** 13 + 1 }, () => chunk);
  expect(await viaSink([...chunks, Buffer.from('\nb\n')], () => undefined)).toEqual([
    '? a line too long to be read',
    'b',
  ]);
});
