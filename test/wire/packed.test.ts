import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAnnounce, parseEvidence } from '../../src/wire/evidence.ts';
import { hexWords } from '../../src/wire/layout.ts';
import { eachHalf, HALVES, isPacked, packedText } from '../../src/wire/packed.ts';
import { announceLine, retransmitLine, setStateLine } from '../builders/wire-lines.ts';

const u32 = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffffffff }));
const word = fc.oneof(
  fc.constant('0'),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => value.toString(16)),
);
const byte = fc.integer({ min: 0, max: 255 }).map((value) => value.toString(16).padStart(2, '0'));

const WORDS = hexWords('announce');

/** Any fields and any 16 bytes of a comm: hostile ones too. */
const anyAnnounce = fc
  .tuple(fc.array(word, { minLength: WORDS, maxLength: WORDS }), fc.array(byte, { minLength: 16, maxLength: 16 }))
  .map(([fields, comm]) => `A 1000000000123 ffff888100000940 3 ${fields.join(' ')} ${comm.join(' ')}`);

const evidence = fc.record({ at: fc.nat(), writeSeq: u32, sndUna: u32, sndNxt: u32, sndWnd: u32, retransStamp: u32 });

describe('the packed form of a line', () => {
  test('says of an announcement all that its text says', () => {
    fc.assert(
      fc.property(anyAnnounce, (line) => {
        expect(parseAnnounce(packedText(line))).toEqual(parseAnnounce(line));
      }),
    );
  });

  test('says of a transition and of a retransmission all that their texts say', () => {
    fc.assert(
      fc.property(evidence, (fields) => {
        for (const line of [setStateLine({ ...fields, from: 'FIN_WAIT1', to: 'CLOSE' }), retransmitLine(fields)]) {
          expect(parseEvidence(packedText(line))).toEqual(parseEvidence(line));
        }
      }),
    );
  });

  test('still begins with the letter of its kind', () => {
    const lines = [announceLine(), setStateLine({ at: 1, from: 'FIN_WAIT1', to: 'CLOSE' }), retransmitLine({ at: 1 })];
    expect(lines.map((line) => packedText(line)[0])).toEqual(['A', 'S', 'R']);
    expect(lines.map((line) => [isPacked(line), isPacked(packedText(line))])).toEqual(lines.map(() => [false, true]));
  });

  test('packed again is the same, and so are its halves', () => {
    fc.assert(
      fc.property(anyAnnounce, (line) => {
        const [once, twice] = [new Uint32Array(HALVES), new Uint32Array(HALVES).fill(5)];
        expect(packedText(packedText(line))).toBe(packedText(line));
        expect(eachHalf(packedText(line), twice)).toBe(eachHalf(line, once));
        expect(twice).toEqual(once);
      }),
    );
  });

  test('of what a real socket shows takes less than half of its text', () => {
    const line = announceLine({ moves: [{ at: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1' }], cgroup: 27n });
    expect(packedText(line).length).toBeLessThan(line.length / 2);
  });
});
