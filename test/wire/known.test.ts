import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readKnown } from '../../src/wire/known.ts';
import { Scan } from '../../src/wire/scan.ts';

const COMM = '6e 67 69 6e 78 00 00 00 00 00 00 00 00 00 00 ff';
const COMM_WORDS = [0x6e67696e, 0x78000000, 0, 0xff];
const field = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }).map((value) => value.toString(16));

test('a good line is read as Scan reads it, whatever was read before', () => {
  const out = new Uint32Array(100);
  fc.assert(
    fc.property(fc.array(field, { minLength: 3, maxLength: 40 }), fc.boolean(), (fields, hasComm) => {
      const line = ['S', '1000123', ...fields, ...(hasComm ? [COMM] : [])].join(' ');
      const scan = new Scan().start(line);
      scan.decimal();
      scan.skipHex(1);
      const count = fields.length - 1;
      readKnown(line, 3, count, hasComm ? 16 : 0, out);
      for (let i = 0; i < count; i++) {
        scan.hex();
        expect([out[2 * i], out[2 * i + 1]]).toEqual([scan.hi, scan.lo]);
      }
      if (hasComm) {
        expect([...out.slice(2 * count, 2 * count + 4)]).toEqual(COMM_WORDS);
        scan.skipComm();
      }
      expect(scan.done()).toBe(true);
    }),
  );
});

test('a line that is no good one ends the reading as well, and does not spoil the next', () => {
  const out = new Uint32Array(100);
  readKnown(`S 1 2 ${'f'.repeat(16)} `.repeat(100), 3, 40, 16, out);
  readKnown('S 1', 3, 40, 16, out);
  readKnown('', 3, 40, 16, out);
  readKnown('S 1 2 12 34', 3, 2, 0, out);
  expect([...out.slice(0, 4)]).toEqual([0, 0x12, 0, 0x34]);
});
