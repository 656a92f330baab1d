import { describe, expect, test } from 'vitest';
import { traceHeading, traceLine } from '../../src/output/trace-line.ts';
import { widthOf } from '../../src/text/width.ts';
import { VIA } from '../../src/wire/event.ts';
import { SOCK } from '../../src/wire/evidence.ts';
import { pathOf } from '../builders/explain.ts';
import { announceLine, destroyLine, lostLine, ms, retransmitLine, setStateLine } from '../builders/wire-lines.ts';

const lines = (change: object = {}): readonly string[] => [
  announceLine({ at: 0, moves: [{ at: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }], ...change }),
  setStateLine({ at: ms(1), from: 'FIN_WAIT1', to: 'CLOSING' }),
  setStateLine({ at: ms(2), from: 'CLOSING', to: 'CLOSE' }),
  destroyLine({ at: ms(2) }),
];

describe('a line of trace', () => {
  test('has age, closer, endpoints, how, path and ending', () => {
    const line = traceLine(pathOf(lines()), false);
    expect(line.replaceAll(/ +/g, ' ').trim()).toBe(
      '2.0 ms 4242 nginx 10.0.0.1:443 10.0.0.2:51234 close ESTABLISHED>FIN_WAIT1>CLOSING>CLOSE time_wait',
    );
  });

  test('stands under its heading', () => {
    for (const withTime of [false, true]) {
      const heading = traceHeading(withTime);
      const line = traceLine(pathOf(lines()), withTime);
      expect(line.indexOf('10.0.0.1:443')).toBe(heading.indexOf('LOCAL'));
      expect(line.indexOf('10.0.0.2:51234')).toBe(heading.indexOf('PEER'));
      expect(line.indexOf('ESTABLISHED')).toBe(heading.indexOf('PATH'));
    }
  });

  test.each(['nginx', '日本語', '日本🚀', 'e\u0301te\u0301'])(
    'has its columns in place on a terminal with %s',
    (comm) => {
      const column = (line: string, text: string): number => widthOf(line.slice(0, line.indexOf(text)));
      const line = traceLine(pathOf(lines({ comm })), false);
      expect(column(line, '10.0.0.1:443')).toBe(column(traceHeading(false), 'LOCAL'));
    },
  );

  test('begins with the time of day of the close when asked, and says whose time it is', () => {
    expect(traceHeading(true)).toMatch(/^CLOSED /);
    expect(traceLine(pathOf(lines()), true)).toMatch(/^00:00:00 /);
  });

  test('marks what is not certain, and says why', () => {
    const [first = '', ...rest] = lines();
    expect(traceLine(pathOf([first, lostLine(5, 3), ...rest]), false)).toMatch(/~ events_lost$/);
    expect(traceLine(pathOf(lines()), false)).not.toContain('~');
  });

  test('brackets IPv6', () => {
    const line = traceLine(pathOf(lines({ local: '2001:db8::1', peer: '2001:db8::2' })), false);
    expect(line).toContain('[2001:db8::1]:443');
  });

  test('of a sock whose transitions nobody saw has the state it was seen in', () => {
    const found = announceLine({ at: 0, via: VIA.foundDead, state: 'FIN_WAIT2', flags: SOCK.DEAD, own: false });
    expect(traceLine(pathOf([found]), false)).toMatch(/ unknown +FIN_WAIT2 still dying/);
  });

  test('counts retransmits, and says that a sock is still dying', () => {
    const [first = ''] = lines();
    const line = traceLine(pathOf([first, retransmitLine({ at: ms(200) }), retransmitLine({ at: ms(600) })]), false);
    expect(line).toMatch(/still dying, 2 retransmits$/);
    expect(traceLine(pathOf([first, retransmitLine({ at: ms(200) })]), false)).toMatch(/still dying, 1 retransmit$/);
  });

  test('holds a hostile comm on its line, without escapes', () => {
    const line = traceLine(pathOf(lines({ comm: 'a\n\u001b[2Jb\u009b' })), true);
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});
