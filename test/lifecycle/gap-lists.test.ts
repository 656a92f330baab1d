import { expect, test } from 'vitest';
import { createGapLists } from '../../src/lifecycle/gap-lists.ts';
import { addGap, type Gap, newSock } from '../../src/lifecycle/sock.ts';
import { decodeAll } from '../builders/track.ts';
import { announceLine } from '../builders/wire-lines.ts';

test('gaps come back in the order in which they were found', () => {
  const lists = createGapLists();
  const found: Gap[] = ['events_lost', 'event_late', 'transition_missed'];
  const number = lists.numberOf(new Set(found)) ?? -1;
  expect([...lists.copyOf(number)]).toEqual(found);
  expect([...lists.copyOf(lists.numberOf(new Set(found.toReversed())) ?? -1)]).toEqual(found.toReversed());
});

test('one gap more is another list, and the same one twice is not', () => {
  const lists = createGapLists();
  const lost = lists.with(0, 'events_lost');
  expect(lists.with(lost, 'events_lost')).toBe(lost);
  expect([...lists.copyOf(lists.with(lost, 'capture_ended'))]).toEqual(['events_lost', 'capture_ended']);
  expect(lists.with(0, 'events_lost')).toBe(lost);
});

test('a gap found later is not added to the list that others share', () => {
  const lists = createGapLists();
  const [event] = decodeAll([announceLine()]);
  if (event?.kind !== 'announce') throw new Error('no announcement');
  for (const number of [0, lists.with(0, 'events_lost')]) {
    const before = [...lists.copyOf(number)];
    const sock = { ...newSock(event, 1), gaps: lists.copyOf(number) };
    addGap(sock, 'attaching');
    expect([...sock.gaps]).toEqual([...before, 'attaching']);
    expect([...lists.copyOf(number)]).toEqual(before);
  }
});
