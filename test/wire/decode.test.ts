import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDecoder } from '../../src/wire/decode.ts';
import type { WireEvent } from '../../src/wire/event.ts';
import { VIA } from '../../src/wire/event.ts';
import { OWN, SOCK } from '../../src/wire/evidence.ts';
import {
  announceLine,
  BOOT,
  byeLine,
  destroyLine,
  helloLine,
  inventoriedLine,
  lostLine,
  ms,
  noticeLine,
  oneOfEach,
  resetLine,
  retransmitLine,
  SK,
  setStateLine,
  tallyLine,
  tickLine,
} from '../builders/wire-lines.ts';

/** An `L` line: an announcement at `boot` of a close at `closed`, both of the boot clock. */
const deferredLine = (boot: bigint, closed: bigint): string => {
  const [, , ...words] = announceLine({ at: 0 }).split(' ');
  return ['L', boot, ...words.slice(0, -16), closed.toString(16), '138800001388', '30010', ...words.slice(-16)].join(
    ' ',
  );
};

const decodeAfterHello = (...lines: readonly string[]): WireEvent | null => {
  const decode = createDecoder();
  decode(helloLine());
  let event: WireEvent | null = null;
  for (const line of lines) event = decode(line);
  return event;
};

const KINDS = new Set([
  'hello',
  'malformed',
  'announce',
  'set_state',
  'retransmit',
  'reset',
  'destroy',
  'tally',
  'tick',
  'bye',
  'inventoried',
  'orphan_read',
  'inventory_end',
  'sample',
  'host_facts',
  'kernel_log',
  'lost',
  'notice',
]);

describe('the handshake', () => {
  test('gives backend, boot clock and wall clock', () => {
    const decode = createDecoder();
    expect(decode('H 1 fentry 1000000000123 1767225600.250000')).toEqual({
      kind: 'hello',
      at: 0,
      version: 1,
      backend: 'fentry',
      bootSec: 1000,
      bootNsec: 123,
      wallSec: 1_767_225_600,
      wallUsec: 250_000,
    });
  });

  test('a newer version is read, so that somebody can refuse it by its number', () => {
    expect(createDecoder()(helloLine({ version: 7 }))).toMatchObject({ kind: 'hello', version: 7 });
  });

  test.each([
    'H',
    'H ',
    'H 1 fentry 1000000000123',
    'H 1 fentry 1000000000123 1767225600',
    'H 1 fentry 1000000000123 1767225600.25',
    'H 1 fentry -5 1767225600.250000',
    'H 1 fentry 1000000000123 1767225600.250000 more',
    'H one fentry 1000000000123 1767225600.250000',
    'H 1.5 fentry 1000000000123 1767225600.250000',
    'H -1 fentry 1000000000123 1767225600.250000',
    'H 0x1 fentry 1000000000123 1767225600.250000',
    'H 1e0 fentry 1000000000123 1767225600.250000',
    'H  fentry 1000000000123 1767225600.250000',
    'H\t1 fentry 1000000000123 1767225600.250000',
  ])('is malformed as %j', (line) => {
    expect(createDecoder()(line)).toEqual({ kind: 'malformed', line });
  });

  test('a line before it has no time, so it is malformed', () => {
    for (const line of oneOfEach()) expect(createDecoder()(line)).toEqual({ kind: 'malformed', line });
  });
});

describe('each kind of line', () => {
  test('an announcement gives via, flags and context, and keeps its line', () => {
    const line = announceLine({ at: 5000, via: VIA.repeated, flags: SOCK.LINGER, state: 'FIN_WAIT1', holder: 3 });
    expect(decodeAfterHello(line)).toEqual({
      kind: 'announce',
      at: 5000,
      sk: SK,
      via: VIA.repeated,
      flags: SOCK.LINGER,
      context: (4 << 8) | (3 << 6) | (3 << 2) | OWN,
      movedTo: 0,
      closedAt: 5000,
      retransmits: 0,
      isFollowed: true,
      sample: 0,
      line,
    });
  });

  test('a deferred announcement after years of uptime is of the nanosecond of its close, and of no other', () => {
    const uptime = fc.bigInt({ min: 1n, max: 10n ** 18n });
    fc.assert(
      fc.property(uptime, fc.nat({ max: 2 ** 40 }), fc.oneof(fc.constant(0), fc.nat()), (since, after, earlier) => {
        const decode = createDecoder();
        decode(helloLine({ boot: since }));
        const closed = since + BigInt(after);
        const line = deferredLine(closed + BigInt(earlier), closed);
        expect(decode(line)).toMatchObject({ kind: 'announce', at: after + earlier, closedAt: after });
      }),
      { numRuns: 1000 },
    );
  });

  test('one at its very close, later in a capture than a double can tell nanoseconds, is rounded as its close', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 2n ** 53n, max: 10n ** 18n }),
        fc.bigInt({ min: 1n, max: 10n ** 18n }),
        (at, boot) => {
          const decode = createDecoder();
          decode(helloLine({ boot }));
          const event = decode(deferredLine(boot + at, boot + at));
          expect(event).toMatchObject({ kind: 'announce', at: Number(at), closedAt: Number(at) });
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('one of a close that is yet to come is malformed', () => {
    expect(decodeAfterHello(deferredLine(BOOT, BOOT + 5000n))?.kind).toBe('malformed');
  });

  test('a transition gives its two states', () => {
    const line = setStateLine({ at: 9, from: 'FIN_WAIT1', to: 'FIN_WAIT2', flags: SOCK.DEAD });
    expect(decodeAfterHello(line)).toMatchObject({ kind: 'set_state', at: 9, sk: SK, from: 4, to: 5, flags: 1, line });
  });

  test('a retransmit keeps its line', () => {
    const line = retransmitLine({ at: 9 });
    expect(decodeAfterHello(line)).toEqual({ kind: 'retransmit', at: 9, sk: SK, cpu: 0, line });
  });

  test('a reset says who sent it, whether it answers a segment, and why', () => {
    expect(decodeAfterHello(resetLine({ at: 9, sent: true, state: 'CLOSE', answersSegment: true, reason: 8 }))).toEqual(
      {
        kind: 'reset',
        at: 9,
        sk: SK,
        sent: true,
        state: 7,
        answersSegment: true,
        reason: 8,
        dataSegsIn: 0,
        cpu: 0,
      },
    );
  });

  test('the reason 255 of a reset is none', () => {
    expect(decodeAfterHello(resetLine({ at: 9, sent: false, reason: null }))).toMatchObject({
      sent: false,
      reason: null,
    });
  });

  test('a destroy gives cookie, context and errno', () => {
    expect(decodeAfterHello(destroyLine({ at: 9, cookie: 0xabcn, err: 104 }))).toMatchObject({
      kind: 'destroy',
      sk: SK,
      cookie: 'abc',
      err: 104,
    });
  });

  test('a tally counts in decimal', () => {
    expect(
      decodeAfterHello(tallyLine(9, 4_000_000_000n, { exiting: true, err: 110, reset: 14, marks: 17, size: 5 })),
    ).toEqual({
      kind: 'tally',
      at: 9,
      via: VIA.last_fput,
      exiting: true,
      closedIn: 1,
      lastFrom: 9,
      err: 110,
      reset: 14,
      marks: 17,
      size: 5,
      count: 4_000_000_000,
    });
  });

  test('tick and bye give their time only', () => {
    expect(decodeAfterHello(tickLine(ms(100)))).toEqual({ kind: 'tick', at: ms(100), cpu: 0, settled: null });
    expect(decodeAfterHello(byeLine(ms(200)))).toEqual({ kind: 'bye', at: ms(200) });
  });

  test('an empty line is nothing', () => {
    expect(decodeAfterHello('')).toBeNull();
  });
});

describe('malformed lines', () => {
  const breakField = (line: string, index: number, by: (field: string) => string): string =>
    line
      .split(' ')
      .map((field, at) => (at === index ? by(field) : field))
      .join(' ');

  test('a number that is none, in any field of any kind, is malformed', () => {
    const numeric = oneOfEach().filter((line) => !/^[nlihm]/.test(line));
    for (const line of numeric) {
      for (let index = 1; index < line.split(' ').length; index++) {
        const broken = breakField(line, index, (field) => `${field}g`);
        expect(decodeAfterHello(broken), broken).toEqual({ kind: 'malformed', line: broken });
      }
    }
  });

  test('a missing field, in any kind, is malformed', () => {
    for (const line of oneOfEach().filter((each) => !/^[nlhm]/.test(each))) {
      const short = line.slice(0, line.lastIndexOf(' '));
      expect(decodeAfterHello(short), short).toEqual({ kind: 'malformed', line: short });
    }
  });

  test('a field too many, in any kind, is malformed', () => {
    for (const line of oneOfEach().filter((each) => !/^[nlhm]/.test(each))) {
      expect(decodeAfterHello(`${line} 1`), line).toEqual({ kind: 'malformed', line: `${line} 1` });
      expect(decodeAfterHello(`${line} `), line).toEqual({ kind: 'malformed', line: `${line} ` });
    }
  });

  test.each([
    ['an unknown letter', 'Q 1000000000123'],
    ['a letter without a space', tickLine(1).replace('C ', 'C')],
    ['an upper-case hex digit', retransmitLine({ at: 1 }).replace('ffff', 'FFFF')],
    ['17 hex digits', retransmitLine({ at: 1, sk: `1${SK}` })],
    ['21 decimal digits', 'C 100000000000000000000 0 0'],
    ['a state no kernel has', setStateLine({ at: 1, from: 'CLOSE', to: 'CLOSE' }).replace(' 7 7 ', ' 7 d ')],
    ['a via nobody knows', announceLine({ via: 6 })],
    ['no via', announceLine({ via: 0 })],
    ['a direction that is neither', resetLine({ at: 1, sent: true }).replace(` ${SK} 1 `, ` ${SK} 3 `)],
    ['a cookie that is no number', destroyLine({ at: 1, cookie: 'xyz' })],
    ['a comm of 15 bytes', announceLine().slice(0, -3)],
    ['a comm with a bare byte', announceLine({ comm: 'a' }).replace(/ 61 /, ' a\n ')],
    ['an inventory port above 65535', inventoriedLine(1, { lport: 65_536 })],
    ['an inventory address that is none', inventoriedLine(1, { local: '\u001b[2J' })],
    ['an inventory family that is none', inventoriedLine(1).replace('ipv4', 'ipx')],
    ['a lost count that is none', 'l 1000000000123 many bpftrace'],
  ])('%s is malformed', (_what, line) => {
    expect(decodeAfterHello(line)).toEqual({ kind: 'malformed', line });
  });

  test('any string at all decodes into a known kind and never throws', () => {
    const anyLine = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc
        .tuple(fc.constantFrom(...'HASRXDTCZiekhmln'), fc.string({ unit: 'binary-ascii' }))
        .map(([l, s]) => `${l} ${s}`),
    );
    fc.assert(
      fc.property(anyLine, (line) => {
        return [createDecoder()(line), decodeAfterHello(line)].every((event) =>
          event === null ? line === '' : KINDS.has(event.kind),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('a good line with one character changed decodes into a known kind and never throws', () => {
    const lines = [helloLine(), ...oneOfEach()];
    fc.assert(
      fc.property(
        fc.constantFrom(...lines),
        fc.nat(),
        fc.constantFrom('replace', 'insert', 'remove'),
        fc.constantFrom(...' 0fgxZ-\n\u0000\u2028'),
        (line, where, how, character) => {
          const at = where % line.length;
          const mutated =
            line.slice(0, at) + (how === 'remove' ? '' : character) + line.slice(how === 'insert' ? at : at + 1);
          const event = decodeAfterHello(mutated);
          return event === null || KINDS.has(event.kind);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('a prefix of a good line that lost a whole field is malformed, at every cut', () => {
    // Text may end anywhere; and an inventory line of an older recording ends before the timer.
    for (const line of [helloLine(), ...oneOfEach().filter((each) => !/^[nlhmi]/.test(each))]) {
      const lastField = line[0] === 'A' ? line.length - 1 : line.lastIndexOf(' ');
      for (let length = 1; length <= lastField; length++) {
        const cut = line.slice(0, length);
        expect(decodeAfterHello(cut), cut).toEqual({ kind: 'malformed', line: cut });
      }
    }
  });

  test('a malformed line does not spoil the next', () => {
    const decode = createDecoder();
    decode(helloLine());
    decode('A 12 zz');
    expect(decode(tickLine(77))).toMatchObject({ kind: 'tick', at: 77 });
  });
});

describe('time', () => {
  test('is negative before the handshake', () => {
    expect(decodeAfterHello(tickLine(-1))).toMatchObject({ kind: 'tick', at: -1 });
  });

  test('differences stay exact to the nanosecond on a boot clock beyond 2^53 ns', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n - 10n ** 15n }),
        fc.bigInt({ min: 0n, max: 10n ** 15n }),
        (boot, later) => {
          const decode = createDecoder();
          decode(helloLine({ boot }));
          expect(decode(`C ${boot + later} 0 0`)).toMatchObject({ kind: 'tick', at: Number(later) });
        },
      ),
    );
  });

  test('the largest u64 is a time, not a fault', () => {
    const event = decodeAfterHello('C 18446744073709551615 0 0');
    expect(event).toMatchObject({ kind: 'tick' });
    expect(event !== null && 'at' in event && event.at).toBe(Number(2n ** 64n - 1n - BOOT));
  });
});

test('lost and notice lines keep their words whole', () => {
  expect(decodeAfterHello(lostLine(5, 7, 'its buffer was full'))).toEqual({
    kind: 'lost',
    at: 5,
    count: 7,
    where: 'its buffer was full',
  });
  expect(decodeAfterHello(noticeLine(5, 'a map is full'))).toEqual({ kind: 'notice', at: 5, text: 'a map is full' });
});
