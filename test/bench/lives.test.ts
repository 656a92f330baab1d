import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { linesOf, livesOf, repeatLives } from '../../bench/lives.ts';
import { jsonOf } from '../../bench/ndjson.ts';
import { openStream } from '../../src/stream/open-stream.ts';
import { WIRE_VERSION } from '../../src/wire/schema.ts';
import { aMeta } from '../builders/meta.ts';

const recorded = linesOf(readFileSync(new URL('../../docs/demo.fwr', import.meta.url)));
const lives = livesOf(recorded, 2e9);
const HEAD = [`H ${WIRE_VERSION} tracepoint 1000000000000 1795236568.703725`, 'e 1000000000000 0 1 0'];
const stream = repeatLives(lives, 200_000).take(60_000).toArray();
const timeOf = (line: string): number => Number(line.split(' ')[1]);

describe('lives of a recording', () => {
  test('are whole, and not longer than asked', () => {
    expect(lives.length).toBeGreaterThan(1000);
    for (const { lines, ns } of lives) {
      expect(lines[0]?.fields[0]).toBe('A');
      expect(lines.some(({ fields }) => fields[0] === 'D')).toBe(true);
      expect(ns).toBeLessThanOrEqual(2e9);
    }
  });
});

describe('the repeated stream', () => {
  test('is in the order of its time', () => {
    const times = stream.map(timeOf);
    expect(times.every((at, i) => at >= (times[i - 1] ?? 0))).toBe(true);
  });

  test('runs at about the rate asked for, once lives overlap', () => {
    const rest = repeatLives(lives, 20_000).drop(60_000).take(20_000).toArray();
    const seconds = (timeOf(rest.at(-1) ?? '') - timeOf(rest[0] ?? '')) / 1e9;
    expect(rest.length / seconds).toBeGreaterThan(19_000);
    expect(rest.length / seconds).toBeLessThan(21_500);
  });

  test('finwait finds nothing wrong with it: no line malformed, out of order or lost, no transition missed', () => {
    let [paths, gaps] = [0, 0];
    const fold = openStream(aMeta(), {
      onEnd: (sock) => {
        const path = fold.describe(sock);
        paths++;
        if (path !== null && path.gaps.length > 0) gaps++;
      },
      onLedger: () => {},
      onNotice: (text) => expect.unreachable(text),
    });
    for (const line of [...HEAD, ...stream]) fold.push(line);
    fold.end();
    expect(paths).toBeGreaterThan(10_000);
    const { malformed, outOfOrder, lostEvents } = fold.tracker.counters();
    expect({ malformed, outOfOrder, lostEvents, gaps }).toEqual({
      malformed: 0,
      outOfOrder: 0,
      lostEvents: 0,
      gaps: 0,
    });
  });
});

test('NDJSON holds every field of a line', () => {
  for (const line of new Set(stream.slice(0, 5000))) {
    const event: Record<string, string> = JSON.parse(jsonOf(line));
    expect(Object.values(event).join('')).toBe(line.replaceAll(' ', ''));
  }
});
