import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fieldsModule } from '../../scripts/fields-template.ts';
import { withTables } from '../../scripts/wire-tables.ts';
import { createDecoder } from '../../src/wire/decode.ts';
import { encodeLine, type Values } from '../../src/wire/encode.ts';
import { parseAnnounce, parseEvidence } from '../../src/wire/evidence.ts';
import { extentOf, isHex, wordAt } from '../../src/wire/layout.ts';
import { ownLine } from '../../src/wire/own-lines.ts';
import { packedText } from '../../src/wire/packed.ts';
import {
  type Field,
  LINES,
  type Line,
  type LineName,
  OWN_LINES,
  PROBE_LINES,
  WIRE_VERSION,
  type Word,
} from '../../src/wire/schema.ts';
import { aHostFacts } from '../builders/host-facts.ts';
import { announceLine, BOOT, COMM, commHex, helloLine } from '../builders/wire-lines.ts';

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const all: readonly (readonly [string, Line])[] = Object.entries({ ...LINES, ...PROBE_LINES, ...OWN_LINES });

describe('the schema', () => {
  test.each(all)('line %s has words of different names, whose fields lie side by side', (_name, { words }) => {
    const names = words.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const word of words.filter(isHex)) {
      let taken = 0n;
      for (const field of word.fields) {
        const { at, bits } = extentOf(word, field);
        const mask = (2n ** BigInt(bits) - 1n) << BigInt(at);
        expect(mask < 2n ** 64n, field.name).toBe(true);
        expect(taken & mask, field.name).toBe(0n);
        taken |= mask;
      }
    }
  });

  test('a word of a later version than the first has, in every field, a value that means unknown', () => {
    for (const [name, { words }] of all) {
      for (const { since = 1, fields } of words) {
        expect(since, name).toBeLessThanOrEqual(WIRE_VERSION);
        if (since > 1) for (const field of fields) expect(field.unknown, field.name).toBeDefined();
      }
    }
  });

  test('src/wire/fields.ts and the tables of docs/wire-format.md are made from it (npm run probes)', () => {
    expect(text('src/wire/fields.ts')).toBe(fieldsModule());
    const page = text('docs/wire-format.md');
    expect(withTables(page)).toBe(page);
  });

  test('has the lines that finwait itself writes, word for word', () => {
    const written: Readonly<Record<keyof typeof OWN_LINES, string>> = {
      inventoried: ownLine.inventoried(1n, [1, 'ipv4', '10.0.0.1', 1, '10.0.0.2', 2, 5, 0, 0, 1, 800, 0]),
      orphan_read: ownLine.orphanRead(1n, [
        ...[1, 'ipv4', '10.0.0.1', 1, '10.0.0.2', 2, 4, '77', 0, '4242', 0, 5, 4, 800, 0, 3, 208_000, 0, 5, null],
        ...[1, 2, 3, 4, 5, 0, 15, null],
      ]),
      inventory_end: ownLine.inventoryEnd(1n, 2n, 3, 4),
      sample: ownLine.sample(1n, 5, 16_384, { pages: 1, low: 2, pressure: 3, high: 4 }),
      host_facts: ownLine.hostFacts(1n, aHostFacts()),
      kernel_log: ownLine.kernelLog(1n, 2n, 'orphans', 0, 'some words'),
      wall_step: ownLine.wallStep(1n, 1_767_225_600_250_000_999n),
      lost: ownLine.lost(1n, 7, 'some words'),
      notice: ownLine.notice(1n, 'some words'),
    };
    for (const [name, { letter, words }] of Object.entries(OWN_LINES)) {
      const line = Object.entries(written).find(([each]) => each === name)?.[1] ?? '';
      const found = line.split(' ');
      expect(found[0]).toBe(letter);
      const hasRest = words.some(({ kind }) => kind === 'rest');
      if (hasRest) expect(found.length, name).toBeGreaterThan(words.length);
      else expect(found.length, name).toBe(words.length + 1);
      for (const [i, { kind }] of words.entries()) if (kind === 'decimal') expect(found[i + 1], name).toMatch(/^\d+$/);
    }
  });
});

/** The least and the most that a field holds, what means unknown left out, and what lies between. */
const valueOfField = (word: Word, field: Field): fc.Arbitrary<bigint> => {
  const { bits } = extentOf(word, field);
  const signed = field.signed === true;
  const least = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const most = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  return fc
    .oneof(fc.constant(least), fc.constant(most), fc.bigInt({ min: least, max: most }))
    .filter((value) => field.unknown === undefined || value !== BigInt(field.unknown));
};

const shown = (name: LineName, words: readonly Word[]): fc.Arbitrary<Values> => {
  expect(words.length, name).toBeGreaterThan(0);
  return fc.record(
    Object.fromEntries(
      words
        .filter(isHex)
        .flatMap((word) =>
          word.fields.map((field): [string, fc.Arbitrary<bigint>] => [field.name, valueOfField(word, field)]),
        ),
    ),
  );
};

/** Reads a field of a parsed line. Ids of 64 bits are text. */
const read = (parsed: object, name: string): bigint => BigInt(Reflect.get(parsed, name));

describe('every field goes through encoding and decoding, at its extremes, as text and packed', () => {
  const evidence = LINES.retransmit.words.slice(2);
  const names = evidence.flatMap(({ fields }) => fields.map(({ name }) => name));

  test.each(['set_state', 'retransmit', 'announce', 'deferred'] as const)('of the evidence in %s', (name) => {
    fc.assert(
      fc.property(shown(name, evidence), (values) => {
        const line = encodeLine(name, { ...values, at: BOOT, sk: 'ff' });
        for (const form of [line, packedText(line)]) {
          const parsed = parseEvidence(form);
          expect(Object.fromEntries(names.map((field) => [field, read(parsed, field)]))).toEqual(values);
        }
      }),
    );
  });

  test.each(['announce', 'deferred'] as const)('of what %s has besides', (name) => {
    const words = LINES.announce.words
      .slice(2)
      .filter((word) => !evidence.includes(word))
      .map((word) => ({ ...word, fields: word.fields.filter(({ raw }) => raw !== true) }));
    // A deferred announcement says nothing of unread data: a close with unread data resets, so no announcement follows.
    const wiped = name === 'deferred' ? ['rcvNxt', 'copiedSeq'] : [];
    fc.assert(
      fc.property(shown(name, words), (values) => {
        const line = encodeLine(name, { ...values, at: BOOT, sk: 'ff', comm: commHex(COMM) });
        for (const form of [line, packedText(line)]) {
          const parsed = parseAnnounce(form);
          for (const [field, value] of Object.entries(values)) {
            expect(read(parsed, field), field).toBe(wiped.includes(field) ? 0n : BigInt(value ?? 0));
          }
          expect(parsed.comm).toBe(COMM);
        }
      }),
    );
  });

  test('of a reset, a destroy and a tally', () => {
    const decoded = (line: string): object => {
      const decode = createDecoder();
      decode(helloLine({ boot: 0n }));
      return decode(line) ?? {};
    };
    fc.assert(
      fc.property(
        shown('reset', LINES.reset.words.slice(3)),
        shown('destroy', LINES.destroy.words.slice(2)),
        shown('tally', LINES.tally.words.slice(1)),
        (reset, destroy, tally) => {
          const sent = decoded(encodeLine('reset', { ...reset, direction: 1, at: 1, sk: 'ff' }));
          expect([read(sent, 'state'), read(sent, 'dataSegsIn')]).toEqual([reset['state'], reset['dataSegsIn']]);
          expect(Reflect.get(sent, 'reason')).toBe(reset['reason'] === 0xffn ? null : Number(reset['reason']));
          const gone = decoded(encodeLine('destroy', { ...destroy, at: 1, sk: 'ff' }));
          expect(Reflect.get(gone, 'cookie')).toBe(BigInt(destroy['cookie'] ?? 0).toString(16));
          for (const field of ['context', 'err', 'lines']) expect(read(gone, field)).toBe(destroy[field]);
          expect(Reflect.get(gone, 'announcedAt')).toBe(Number(BigInt(destroy['announcedAt'] ?? 0) << 16n));
          const told = decoded(encodeLine('tally', { ...tally, at: 1, count: 3 }));
          for (const [field, value] of Object.entries(tally)) {
            if (field !== 'exiting') expect(read(told, field), field).toBe(value);
          }
        },
      ),
    );
  });
});

test('a name that a line does not have is an error of the program', () => {
  expect(() => encodeLine('announce', { nonsense: 1 })).toThrow('line announce has no field nonsense');
  expect(() => wordAt('tick', 'sk')).toThrow('line tick has no word sk');
});

test('an A line and an L line have the same words in the same places up to their transitions', () => {
  for (const { name } of LINES.announce.words.slice(0, -1))
    expect(wordAt('deferred', name)).toBe(wordAt('announce', name));
  expect(announceLine({ deferred: { closedAt: 0 } }).split(' ')[0]).toBe('L');
});
