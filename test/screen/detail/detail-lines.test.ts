import fc from 'fast-check';
import { expect, test } from 'vitest';
import { detailLines } from '../../../src/screen/detail/detail-lines.ts';
import { widthOf } from '../../../src/text/width.ts';
import { aClosePath } from '../builders.ts';

const LOCAL = '2001:db8:1111:2222:3333:4444:5555:6666';
const PEER = '2001:db8:7777:8888:9999:aaaa:bbbb:cccc';
const long = { family: 'ipv6', laddr: LOCAL, raddr: PEER } as const;

/** The lines before the closer. */
const head = (change: Parameters<typeof aClosePath>[0], width: number): readonly string[] => {
  const lines = detailLines(aClosePath(change), width).map((line) => line.map(({ text }) => text).join(''));
  return lines.slice(
    0,
    lines.findIndex((line) => line.startsWith('closer')),
  );
};

test('endpoints that fit are on one line, and that they are uncertain stands before them', () => {
  expect(head({}, 80)).toEqual(['10.0.0.5:443 -> 192.0.2.7:51234']);
  expect(head({ certain: false }, 80)).toEqual(['~ uncertain  10.0.0.5:443 -> 192.0.2.7:51234']);
  expect(head({ certain: false }, 40)).toEqual(['~ uncertain', '10.0.0.5:443 -> 192.0.2.7:51234']);
});

test('two long IPv6 endpoints have a line each at 80 columns, ports and mark included', () => {
  expect(head(long, 80)).toEqual([`[${LOCAL}]:443`, `-> [${PEER}]:51234`]);
  expect(head({ ...long, certain: false }, 80)).toEqual(['~ uncertain', `[${LOCAL}]:443`, `-> [${PEER}]:51234`]);
  expect(head({ ...long, certain: false }, 120)).toEqual([`~ uncertain  [${LOCAL}]:443 -> [${PEER}]:51234`]);
});

test('nothing of them is cut off, however narrow the screen', () => {
  fc.assert(
    fc.property(fc.integer({ min: 40, max: 120 }), fc.boolean(), (width, certain) => {
      const lines = head({ ...long, certain }, width);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
      const whole = lines.join('').replaceAll(' ', '');
      expect(whole).toBe(`${certain ? '' : '~uncertain'}[${LOCAL}]:443->[${PEER}]:51234`);
    }),
  );
});

test('a time that is only known from below is told as such', () => {
  const text = (change: Parameters<typeof aClosePath>[0]): string =>
    detailLines(aClosePath(change), 80)
      .map((line) => line.map(({ text }) => text).join(''))
      .find((line) => line.startsWith('dying')) ?? '';
  const unknown = { dying_us: null, orphan_us: null, dying_at_least_us: 245e6 };
  expect(text(unknown)).toMatch(/^dying +at least 4m05s$/);
  expect(text({ ...unknown, dying_at_least_us: null })).toMatch(/^dying +\?, an orphan for \?$/);
  expect(text({ dying_us: 2e6, orphan_us: 2e6, dying_at_least_us: 2e6 })).toMatch(
    /^dying +2\.0s, an orphan for 2\.0s$/,
  );
});
