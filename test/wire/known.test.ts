import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KnownFields } from '../../src/wire/known.ts';
import { Scan } from '../../src/wire/scan.ts';

const COMM = '6e 67 69 6e 78 00 00 00 00 00 00 00 00 00 00 ff';
const field = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }).map((value) => value.toString(16));

test('a good line is read as Scan reads it, whatever was read before', () => {
  const known = new KnownFields();
  fc.assert(
    fc.property(fc.array(field, { minLength: 3, maxLength: 40 }), fc.boolean(), (fields, hasComm) => {
      const line = ['S', '1000123', ...fields, ...(hasComm ? [COMM] : [])].join(' ');
      const scan = new Scan().start(line);
      scan.decimal();
      scan.skipHex(1);
      known.start(line, 3);
      for (let i = 1; i < fields.length; i++) {
        scan.hex();
        known.hex();
        expect([known.hi, known.lo]).toEqual([scan.hi, scan.lo]);
      }
      if (hasComm) expect(known.comm()).toBe(scan.comm());
      expect(scan.done()).toBe(true);
    }),
  );
});

test('of a line that ends too early it ends as well', () => {
  const known = new KnownFields();
  known.start(`S 1 2 ${'f'.repeat(16)} `.repeat(100), 3);
  known.start('S 1', 3);
  known.hex();
  known.skipHex(60);
  expect(known.hex32()).toBe(0);
});
