import { expect, test } from 'vitest';
import { ENDINGS, WAITS } from '../../src/explain/causes/order.ts';
import { ANSWERED_BOUND } from '../../src/explain/sentences/notes.ts';
import { aProbing, mustReap, NO_DELAY } from '../builders/deadline.ts';

const RTO_MS = 208;
const lifeOf = (isAnswering: boolean, rtoMs = RTO_MS): number =>
  mustReap(aProbing({ isAnswering, rtoMs, timer: { kind: 'probe', atNs: rtoMs * 1e6, setMs: rtoMs } }), NO_DELAY)
    .earliestNs / 1e9;

const textsOf = (cause: object): readonly string[] =>
  Object.values(cause)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter((text) => typeof text === 'string');
const texts = [...ENDINGS, ...WAITS].flatMap(textsOf);

test('every life in a text that names an RTO of 208 ms is the one that the model gives', () => {
  const figures = texts
    .flatMap((text) => text.split(/[.;] /))
    .filter((sentence) => sentence.includes(`RTO of ${RTO_MS} ms`))
    .flatMap((sentence) => [...sentence.matchAll(/(\d+) s\b/g)].map(([, figure]) => Number(figure)));
  const lives = [lifeOf(false), lifeOf(true)].map(Math.round);
  expect(figures.length).toBeGreaterThan(1);
  for (const figure of figures) expect(lives).toContain(figure);
});

test('an answered orphan’s bound is the model’s', () => {
  expect(ANSWERED_BOUND).toContain(`${Math.round(lifeOf(true))} s at an RTO of ${RTO_MS} ms`);
});

test('the range of lives by window probes has all that the model gives for usual RTOs', () => {
  const text = texts.find((each) => each.includes('`persist` timer, then gone after')) ?? '';
  const [least = 0, most = 0] = (/gone after (\d+) to (\d+) s/.exec(text) ?? []).slice(1).map(Number);
  const lives = [204, 208, 212, 220].flatMap((rtoMs) => [lifeOf(false, rtoMs), lifeOf(true, rtoMs)]);
  expect(least).toBeLessThanOrEqual(Math.min(...lives));
  expect(most).toBeGreaterThanOrEqual(Math.max(...lives));
});
