import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hideAddresses } from '../../../src/capture/bpftrace/hide-addresses.ts';

const KEY = Buffer.alloc(32, 7);
const SK = 'ffff888135db3780';
const OTHER = 'ffff888135db4080';
const TIMES = [24_573_975_145_903n, 24_573_978_762_240n];
/** No line may hold this afterwards: a kernel address, or enough of one. */
const LEAK = /ffff[89a-f][0-9a-f]{4}|1844674\d{10}/;

const through = async (pieces: readonly (string | Buffer)[], key: Uint8Array = KEY): Promise<string> => {
  const chunks: Buffer[] = [];
  const source = Readable.from(pieces.map((piece) => Buffer.from(piece as string, 'latin1')));
  for await (const chunk of source.pipe(hideAddresses(key))) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
};

const skOf = (line: string): string => line.split(' ')[2] ?? '';

describe('the address of a sock', () => {
  test('a line of a minisock keeps its IPv6 words, though they look like addresses of the kernel', async () => {
    const line = 'M 1000000000123 f0000150 a26ecb761b 0 0 ffff00000100000a 0 ffff00000200000a\n';
    expect(await through([line])).toBe(line);
    // A torn one does not.
    expect(await through(['M 1000000000123 f0000150 ffff888101d4e940\n'])).not.toContain('ffff8881');
  });

  test.each(['A', 'B', 'D', 'L', 'R', 'S', 'X'])('in a line %s becomes 16 digits, all else stays', async (letter) => {
    const line = `${letter} ${TIMES[0]} ${SK} 1010 303000007c1 0 ffffe00000000000\n`;
    const hidden = await through([line]);
    expect(hidden).toMatch(/^[A-Z] \d+ [0-7][0-9a-f]{15} 1010 303000007c1 0 ffffe00000000000\n$/);
    expect(hidden).not.toContain(SK);
    expect(hidden.replace(skOf(hidden), SK)).toBe(line);
  });

  test('is the same text in every line of a run, and another for another address', async () => {
    const lines = (await through([`B ${TIMES[0]} ${SK} 1\nL ${TIMES[1]} ${OTHER} 2\nD ${TIMES[1]} ${SK}\n`])).split(
      '\n',
    );
    expect(skOf(lines[0] ?? '')).toBe(skOf(lines[2] ?? ''));
    expect(skOf(lines[0] ?? '')).not.toBe(skOf(lines[1] ?? ''));
  });

  test('is another text in another run', async () => {
    const line = `D ${TIMES[0]} ${SK} 0\n`;
    const run = async (): Promise<string> => {
      const chunks: Buffer[] = [];
      for await (const chunk of Readable.from([Buffer.from(line)]).pipe(hideAddresses())) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    };
    expect(skOf(await run())).not.toBe(skOf(await run()));
  });

  test('stays the same when more addresses came between than are remembered', async () => {
    const many = Array.from(
      { length: 200_000 },
      (_, i) => `D 1 ${(0xffff888000000000n + BigInt(i) * 2304n).toString(16)} 0\n`,
    );
    const hidden = (await through([many.join(''), many.join('')])).trimEnd().split('\n');
    expect(hidden.slice(0, many.length)).toEqual(hidden.slice(many.length));
    expect(new Set(hidden.map(skOf)).size).toBe(many.length);
  });

  test('0, no sock, stays 0', async () => {
    const line = `X ${TIMES[0]} 0 1 7 1 ff 0\n`;
    expect(await through([line])).toBe(line);
  });

  test('is hidden wherever the stream is cut into chunks, the same each time', async () => {
    const text = `C 1\nS 2 ${SK} 4 5 0\nD 3 ${OTHER} 0\n@tally[7700876558357]: 4431\nX 4 ${SK} 1 7 1 ff 0\nZ 5\n`;
    const whole = await through([text]);
    expect(whole).not.toMatch(LEAK);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 6 }), async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        expect(await through(at.slice(1).map((end, i) => text.slice(at[i], end)))).toBe(whole);
      }),
    );
  });
});

describe('a line that is none of a sock', () => {
  test('passes as it is where it has no address', async () => {
    const text = `Attaching 9 probes...\nH 1 tracepoint 1826506448351 1795236568.703725\nC 18446\nC 2457397591844\nC 1844597514590325\n@tally[77]: 3\n\nZ 7\n`;
    expect(await through([text])).toBe(text);
  });

  test.each([
    ['a map that was printed, its keys decimal', '@young[18446612687344154496]: (1, 2)\n'],
    ['a map that was printed, its keys hexadecimal', `@young[0x${SK}]: 1\n`],
    ['two lines in one', `S 12 34 5\0D 77 ${SK} 0\n`],
    ['a line whose address is too long', `S 12 ${SK}0 5 ${SK}\n`],
    ['a line whose address is too short', `S 12 ffff88813 5 ${SK}\n`],
    ['a line with zero bytes for its address', `S 12 ${'\0'.repeat(16)} ${SK}\n`],
    ['a line without a time', `S ${SK} 4 5\n`],
    ['a line that ends with its address', `R 12 ${SK}`],
    ['a line that breaks off amid the address', 'D 12 ffff888135'],
    ['a line that breaks off early in the address', 'D 12 ffff8881'],
    ['an address amid an error', `ERROR: cannot read ${SK}: bad address`],
    ['a line longer than is held', `S 12 ${'f'.repeat(3 << 20)}\n`],
  ])('loses what looks like an address: %s', async (_what, text) => {
    const hidden = await through([text.slice(0, 7), text.slice(7)]);
    expect(hidden).not.toMatch(LEAK);
    expect(hidden).toHaveLength(text.length);
  });

  test('of any bytes, no chunk throws, and the length stays', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 80 })), async (chunks) => {
        const bytes = chunks.map((chunk) => Buffer.from(chunk));
        const length = bytes.reduce((sum, chunk) => sum + chunk.length, 0);
        expect(await through(bytes.map((chunk) => chunk.toString('latin1')))).toHaveLength(length);
      }),
    );
  });
});
