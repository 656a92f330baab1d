import { expect, test } from 'vitest';
import { aHostFacts } from '../builders/host-facts.ts';
import { track } from '../builders/track.ts';
import { hostFactsLine, kernelLogLine, ms, sampleLine } from '../builders/wire-lines.ts';

test('before the first line of its kind nothing is known of the host', () => {
  const { tracker } = track();
  expect(tracker.host()).toBeNull();
  expect(tracker.sample()).toBeNull();
  expect(tracker.kernelLog()).toEqual({ lines: [], orphans: 0, memory: 0, byProcess: 0 });
});

test('the newest facts and the newest sample win, in whatever order they come', () => {
  const memory = { pages: 1, low: 2, pressure: 3, high: 4 };
  const { tracker, feed } = track().feed(
    hostFactsLine(ms(2), aHostFacts({ orphans: 2 })),
    sampleLine(ms(9), 9, 100, memory),
  );
  feed(hostFactsLine(ms(5), aHostFacts({ orphans: 5 })), sampleLine(ms(10), 10, 100));
  feed(hostFactsLine(ms(1), aHostFacts({ orphans: 1 })), sampleLine(ms(1), 1, 100, memory));
  expect(tracker.host()).toMatchObject({ at: ms(5), facts: { orphans: 5 } });
  expect(tracker.sample()).toMatchObject({ at: ms(10), orphans: 10, memory: null });
});

test('the kernel’s lines are counted by what they are about; what a process wrote is in neither count', () => {
  const { tracker } = track().feed(
    kernelLogLine(ms(1), { before: 300 }),
    kernelLogLine(ms(2), { about: 'memory', text: 'TCP: out of memory -- consider tuning tcp_mem' }),
    kernelLogLine(ms(3), { facility: 1 }),
    kernelLogLine(ms(4)),
  );
  const log = tracker.kernelLog();
  expect(log).toMatchObject({ orphans: 2, memory: 1, byProcess: 1 });
  expect(log.lines.map((line) => line.facility)).toEqual([0, 0, 1, 0]);
  expect(log.lines[0]).toMatchObject({ at: ms(1), loggedAt: ms(1) - 300 });
});

test('of a flood 1,000 lines are kept and all are counted', () => {
  const { tracker } = track().feed(...Array.from({ length: 2500 }, (_, i) => kernelLogLine(ms(i))));
  expect(tracker.kernelLog().lines).toHaveLength(1000);
  expect(tracker.kernelLog().orphans).toBe(2500);
});

test('a process that floods the log leaves room for the kernel’s lines', () => {
  const flood = Array.from({ length: 2500 }, (_, i) => kernelLogLine(ms(i), { facility: 1 }));
  const log = track()
    .feed(...flood, kernelLogLine(ms(2500)))
    .tracker.kernelLog();
  expect(log).toMatchObject({ orphans: 1, byProcess: 2500 });
  expect(log.lines).toHaveLength(501);
  expect(log.lines.at(-1)).toMatchObject({ facility: 0 });
});

test('a snapshot of the log does not change', () => {
  const { tracker, feed } = track().feed(kernelLogLine(ms(1)));
  const before = tracker.kernelLog();
  feed(kernelLogLine(ms(2)));
  expect(before.lines).toHaveLength(1);
});
