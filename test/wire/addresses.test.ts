import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
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

test('of 5,000 addresses at random, as capture hides them, hardly one is made anew when all are asked for again', () => {
  const { textOf } = createAddresses();
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  const addresses = Array.from({ length: 5000 }, () => [random() >>> 1, random()] as const);
  for (const [hi, lo] of addresses) textOf(hi, lo, 16);
  const made = vi.spyOn(Buffer, 'from');
  for (const [hi, lo] of addresses) textOf(hi, lo, 16);
  const count = made.mock.calls.length;
  made.mockRestore();
  expect(count).toBeLessThan(100);
});
