import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDecoder } from '../../src/wire/decode.ts';
import { MAX_HOST_JSON, MAX_LISTED } from '../../src/wire/host-facts.ts';
import { formatHostFacts, parseHostFacts } from '../../src/wire/host-facts-json.ts';
import { aCloseWait, aHostFacts, anOwnerless } from '../builders/host-facts.ts';
import { BOOT, helloLine, hostFactsLine } from '../builders/wire-lines.ts';

const read = (line: string) => {
  const decode = createDecoder();
  decode(helloLine());
  return decode(line);
};
const hostile = fc.string({ unit: 'binary', maxLength: 64 });
/** The facts with one place of them, at any depth, changed. */
const withPlace = (change: (value: unknown, name: string) => unknown): string =>
  JSON.stringify(aHostFacts(), (name, value: unknown) => change(value, name));

describe('host facts that are written', () => {
  test('are read back at their time', () => {
    expect(read(hostFactsLine(77))).toEqual({ kind: 'host_facts', at: 77, facts: aHostFacts() });
  });

  test('are read back whatever the names in them hold, and are one line of printable ASCII', () => {
    fc.assert(
      fc.property(hostile, hostile, (comm, note) => {
        const holders = [{ pid: 1, comm: comm.slice(0, 64) }];
        const facts = aHostFacts({
          notes: [note],
          close_wait: { ...aHostFacts().close_wait, listed: [aCloseWait({ holders })] },
        });
        const line = hostFactsLine(1, facts);
        expect(line).toMatch(/^[ -~]+$/);
        expect(read(line)).toEqual({ kind: 'host_facts', at: 1, facts });
      }),
    );
  });

  test('fit into a line however many there are: lists are cut, counts stay', () => {
    const holders = Array.from({ length: 3 }, () => ({ pid: 4_194_304, comm: '\u{10ffff}'.repeat(32) }));
    const listener = { laddr: '0.0.0.0', lport: 443, holders };
    const facts = aHostFacts({
      notes: Array.from({ length: 30 }, () => '\u0000'.repeat(900)),
      close_wait: {
        ...aHostFacts().close_wait,
        count: 100_000,
        listed: Array.from({ length: 100_000 }, () => aCloseWait({ holders, listener })),
      },
      ownerless: { ...aHostFacts().ownerless, listed: Array.from({ length: 5000 }, () => anOwnerless({ listener })) },
    });
    const json = formatHostFacts(facts);
    expect(json.length).toBeLessThanOrEqual(MAX_HOST_JSON);
    const back = parseHostFacts(json);
    expect(back?.notes).toHaveLength(20);
    expect(back?.notes.at(-1)).toBe('and 11 more things that are not known');
    expect(back?.close_wait.count).toBe(100_000);
    expect(back?.close_wait.listed.length).toBeGreaterThan(10);
    expect(back?.close_wait.listed.length).toBeLessThan(MAX_LISTED);
  });
});

describe('host facts of another form are malformed', () => {
  test('with any field of any depth missing', () => {
    const names = new Set<string>();
    withPlace((value, name) => {
      if (name !== '' && !/^\d+$/.test(name)) names.add(name);
      return value;
    });
    expect(names.size).toBeGreaterThan(40);
    for (const name of names) {
      const json = withPlace((value, at) => (at === name ? undefined : value));
      expect(parseHostFacts(json), name).toBeNull();
    }
  });

  test('with any number that is none', () => {
    for (const bad of [-1, 1.5, 2 ** 53, '7', {}, true]) {
      const json = withPlace((value) => (typeof value === 'number' ? bad : value));
      expect(parseHostFacts(json), String(bad)).toBeNull();
    }
  });

  test.each([
    ['no JSON', '{"took_ms":'],
    ['no object', '[]'],
    ['null', 'null'],
    ['an empty object', '{}'],
    ['a port above 65535', withPlace((value, name) => (name === 'lport' ? 65_536 : value))],
    ['an address that is none', withPlace((value, name) => (name === 'laddr' ? '\u001b[2J' : value))],
    ['an unknown family', withPlace((value, name) => (name === 'family' ? 'ipx' : value))],
    ['an unknown why', withPlace((value, name) => (name === 'why' ? 'magic' : value))],
    ['a name too long', withPlace((value, name) => (name === 'comm' ? 'x'.repeat(65) : value))],
    ['a list too long', JSON.stringify(aHostFacts({ notes: Array.from({ length: 21 }, () => 'x') }))],
    ['a list that is none', withPlace((value, name) => (name === 'listed' ? {} : value))],
    ['inherited fields', `{"__proto__":${JSON.stringify(aHostFacts())}}`],
    ['more than a line may hold', JSON.stringify({ ...aHostFacts(), more: 'x'.repeat(MAX_HOST_JSON) })],
    ['100,000 brackets', '['.repeat(100_000)],
  ])('%s', (_what, json) => {
    const line = `h ${BOOT} ${json}`;
    expect(read(line)).toEqual({ kind: 'malformed', line });
  });

  test('a field that this finwait does not know is let pass', () => {
    expect(parseHostFacts(JSON.stringify({ ...aHostFacts(), newer: [1] }))).toMatchObject(aHostFacts());
  });

  test('one character changed never throws', () => {
    const line = hostFactsLine(1);
    fc.assert(
      fc.property(
        fc.integer({ min: line.indexOf('{'), max: line.length - 1 }),
        fc.constantFrom(...'{}[]",:0-xn\\'),
        (place, character) => {
          const kind = read(line.slice(0, place) + character + line.slice(place + 1))?.kind;
          return kind === 'host_facts' || kind === 'malformed';
        },
      ),
      { numRuns: 1000 },
    );
  });
});
