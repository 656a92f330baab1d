import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAddresses } from '../../src/wire/addresses.ts';

test('an address has the text of its line, leading zeros included, whatever was asked before', () => {
  const { textOf } = createAddresses();
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 1, maxLength: 16 });
  fc.assert(
    fc.property(fc.array(digits, { minLength: 1, maxLength: 50 }), (texts) => {
      for (const text of [...texts, ...texts.map((each) => `0${each}`.slice(0, 16)), ...texts]) {
        const whole = BigInt(`0x${text}`);
        expect(textOf(Number(whole >> 32n), Number(whole & 0xffffffffn), text.length)).toBe(text);
      }
    }),
  );
});

test('addresses that share a place do not get each other’s text', () => {
  const { textOf } = createAddresses();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 100_000; i++) {
      const lo = i * 2368;
      const text = textOf(0xffff8881, lo, 16);
      if (text !== `ffff8881${lo.toString(16).padStart(8, '0')}`) expect(text).toBe(`of ${lo}`);
    }
  }
});

test('what has no digits, or too many, has no text: its line is malformed', () => {
  const { textOf } = createAddresses();
  expect([textOf(0, 5, 0), textOf(0, 5, 17), textOf(0, 5, 257), textOf(0, 5, 1)]).toEqual(['', '', '', '5']);
});
