import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MOST_TOLD_WORDS, PackedLines } from '../../src/lifecycle/packed-lines.ts';
import { heldBytes, parseAnnounce, parseEvidence } from '../../src/wire/evidence.ts';
import { announceLine, retransmitLine } from '../builders/wire-lines.ts';

const field = fc.oneof(
  fc.constant('0'),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => value.toString(16)),
);
const comm = fc
  .constantFrom('6e 67 69 6e 78', '6e 6f 64 65 00', 'ff ff ff ff ff')
  .map((text) => `${text}${' 00'.repeat(11)}`);
const lineOf = (letter: string, count: number) =>
  fc
    .tuple(fc.array(field, { minLength: count, maxLength: count }), comm)
    .map(([fields, text]) => `${letter} 1000000000123 ffff888100000940 3 ${fields.join(' ')} ${text}`);

/** Announcements, deferred and not, of few programs: some become the base of others. */
const announces = fc.array(fc.oneof(lineOf('A', 29), lineOf('L', 32)), { minLength: 1, maxLength: 30 });

/** The packed form of each line, one behind the other. */
const tellAll = (packedLines: PackedLines, lines: readonly string[]) => {
  const words = new Uint32Array(lines.length * MOST_TOLD_WORDS.announce);
  let end = 0;
  const places = lines.map((line) => {
    const at = end;
    end += packedLines.tellAnnounce(line, words, at);
    expect(packedLines.announceWords(words, at)).toBe(end - at);
    return at;
  });
  return { words, places, end };
};

describe('lines told by others', () => {
  test('say all that they said, whatever came between', () => {
    fc.assert(
      fc.property(announces, (lines) => {
        const packedLines = new PackedLines();
        const { words, places } = tellAll(packedLines, lines);
        for (const [i, line] of lines.entries()) {
          packedLines.open(words, places[i] ?? 0);
          expect(parseAnnounce(packedLines.announceText())).toEqual(parseAnnounce(line));
          expect(packedLines.announceText()[0]).toBe(line[0]);
        }
      }),
    );
  });

  test('say of a retransmission all that it said, and what it held', () => {
    const figure = fc.integer({ min: 0, max: 0xffffffff });
    const evidence = fc.record({
      at: fc.nat(),
      writeSeq: figure,
      sndUna: figure,
      sndWnd: figure,
      retransStamp: figure,
    });
    fc.assert(
      fc.property(announces, fc.array(evidence, { minLength: 30, maxLength: 30 }), (lines, all) => {
        const packedLines = new PackedLines();
        const { words, places } = tellAll(packedLines, lines);
        const told = new Uint32Array(MOST_TOLD_WORDS.evidence);
        for (const [i, at] of places.entries()) {
          const line = retransmitLine({ ...all[i], at: 1 });
          packedLines.open(words, at);
          const count = packedLines.tellEvidence(line, told, 0);
          expect(packedLines.evidenceWords(told, 0)).toBe(count);
          packedLines.open(words, at);
          expect(parseEvidence(packedLines.evidenceText(told, 0))).toEqual(parseEvidence(line));
          const [wmemQueued = 0, rmemAlloc = 0, forwardAlloc = 0] = [12, 13, 14].map(
            (half) => packedLines.evidenceHalf(told, 0, half) ?? packedLines.announceHalf(words, at, half),
          );
          const held = heldBytes({ wmemQueued, rmemAlloc, forwardAlloc: forwardAlloc | 0 });
          expect(held).toBe(heldBytes(parseEvidence(line)));
        }
      }),
    );
  });

  test('take a fraction of what the first of them takes', () => {
    const lines = Array.from({ length: 100 }, (_, i) => announceLine({ at: i, sk: 'a', cgroup: 27n }));
    const { places, end } = tellAll(new PackedLines(), lines);
    const [, second = 0] = places;
    expect((end - second) / 99).toBeLessThan(10);
  });
});
