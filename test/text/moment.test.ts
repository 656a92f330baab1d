import { expect, test } from 'vitest';
import { localTimeOfDay, moment, momentAfter, timeOfDay } from '../../src/text/moment.ts';

const AT = '2026-11-21T05:46:08.123456789Z';

test('a moment has its day, its second and its zone', () => {
  expect(moment(AT)).toBe('2026-11-21 05:46:08 UTC');
  expect(moment('@99999999999999.000000000Z')).toBe('@99999999999999.000000000Z');
});

test('a second moment of a day does not repeat the day', () => {
  expect(momentAfter('2026-11-21T05:46:18Z', AT)).toBe('05:46:18 UTC');
  expect(momentAfter('2026-11-22T00:00:01Z', AT)).toBe('2026-11-22 00:00:01 UTC');
});

test('a time of day is UTC, or of this machine', () => {
  expect(timeOfDay(AT)).toBe('05:46:08');
  expect(localTimeOfDay(AT)).toBe(new Date(AT).toTimeString().slice(0, 8));
  expect(localTimeOfDay('@99999999999999.000000000Z')).toBe('');
});
