import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Scan } from '../../src/wire/scan.ts';

describe('Scan', () => {
  test('splits any u64 in hex into its two halves', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const scan = new Scan().start(`A ${value.toString(16)}`);
        scan.hex();
        expect(scan.done()).toBe(true);
        expect((BigInt(scan.hi) << 32n) | BigInt(scan.lo)).toBe(value);
      }),
    );
  });

  test('splits any u64 in decimal at 10^9', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const scan = new Scan().start(`C ${value}`);
        scan.decimal();
        expect(scan.done()).toBe(true);
        expect(BigInt(scan.above) * 1_000_000_000n + BigInt(scan.below)).toBe(value);
      }),
    );
  });

  test.each([0n, 0xffffffffn, 0x100000000n, 2n ** 63n, 2n ** 64n - 1n])(
    'hex %s at the edges of its halves',
    (value) => {
      const scan = new Scan().start(`A ${value.toString(16)}`);
      scan.hex();
      expect([scan.hi, scan.lo]).toEqual([Number(value >> 32n), Number(value & 0xffffffffn)]);
    },
  );

  test('a 32-bit field refuses what needs 33', () => {
    const fits = new Scan().start('A ffffffff');
    expect(fits.hex32()).toBe(0xffffffff);
    expect(fits.done()).toBe(true);
    const not = new Scan().start('A 100000000');
    not.hex32();
    expect(not.done()).toBe(false);
  });

  test('a field left over is not done', () => {
    const scan = new Scan().start('C 1 2');
    scan.decimal();
    expect(scan.ok).toBe(true);
    expect(scan.done()).toBe(false);
  });

  test('two spaces are an empty field, which is bad', () => {
    const scan = new Scan().start('C 1  2');
    scan.decimal();
    scan.decimal();
    expect(scan.ok).toBe(false);
  });

  test('start forgets the line before', () => {
    const scan = new Scan().start('C x');
    scan.decimal();
    expect(scan.ok).toBe(false);
    expect(scan.start('C 5').ok).toBe(true);
    scan.decimal();
    expect([scan.below, scan.done()]).toEqual([5, true]);
  });

  test('a hex word is the field as text', () => {
    const scan = new Scan().start('A ffff8881 7');
    expect(scan.hexWord()).toBe('ffff8881');
    expect(scan.hexWord()).toBe('7');
    expect(scan.done()).toBe(true);
  });

  test('a comm is sixteen bytes in hex with spaces between them, and nothing else', () => {
    const comm = Array.from({ length: 16 }, (_, i) => i.toString(16).padStart(2, '0')).join(' ');
    const scan = new Scan().start(`A ${comm}`);
    expect(scan.comm()).toBe(comm);
    expect(scan.done()).toBe(true);
    const after = new Scan().start(`A ${comm} 7`);
    after.skipComm();
    expect([after.ok, after.hex32(), after.done()]).toEqual([true, 7, true]);
    for (let at = 0; at < comm.length; at++) {
      for (const bad of [`${comm.slice(0, at)}g${comm.slice(at + 1)}`, comm.slice(0, at)]) {
        const not = new Scan().start(`A ${bad}`);
        not.skipComm();
        expect(not.done(), bad).toBe(false);
      }
    }
  });

  test('a line is read the same, whatever longer line was read before', () => {
    const lines = fc.string({ unit: fc.constantFrom(...'0af9 xé\u{1f600}'), maxLength: 60 });
    const read = fc.constantFrom('hex', 'hex32', 'decimal', 'hexWord', 'word', 'skipComm', 'comm');
    const shared = new Scan();
    fc.assert(
      fc.property(lines, fc.array(read, { maxLength: 6 }), (text, reads) => {
        shared.start(`A ${'1f '.repeat(100)}`).skipHex(90);
        const [one, other] = [new Scan().start(`A ${text}`), shared.start(`A ${text}`)];
        const told = reads.map((name) => [one[name](), other[name](), one.ok, other.ok]);
        // Once a field was bad, nobody asks for more than whether the line is good.
        for (const [a, b, isGood] of told) if (isGood === true) expect(b).toEqual(a);
        expect(other.done()).toBe(one.done());
      }),
      { numRuns: 500 },
    );
  });

  test.each(['é', '\u0130', '\u2028', '\u{1f600}'])('%s is no digit, though its low byte may be one', (character) => {
    const scan = new Scan().start(`A 12${character}4 7`);
    scan.hex();
    expect(scan.ok).toBe(false);
    expect(scan.done()).toBe(false);
  });

  test('text after thousands of characters is whole', () => {
    const text = 'x'.repeat(100_000);
    const scan = new Scan().start(`h 12 ${text}é`);
    scan.decimal();
    expect([scan.below, scan.rest(), scan.done()]).toEqual([12, `${text}é`, true]);
  });

  test('any reads of any text never throw', () => {
    const read = fc.constantFrom('hex', 'hex32', 'decimal', 'hexWord', 'word', 'rest', 'done');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(read, { maxLength: 8 }), (text, reads) => {
        const scan = new Scan().start(text);
        for (const name of reads) scan[name]();
        return typeof scan.done() === 'boolean';
      }),
    );
  });
});
