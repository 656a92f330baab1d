import { expect, test } from 'vitest';
import { hostRecord } from '../../../src/stream/records/host.ts';
import type { HostSeen } from '../../../src/wire/event.ts';
import { aHostFacts } from '../../builders/host-facts.ts';
import { track } from '../../builders/track.ts';
import { hostFactsLine, kernelLogLine, ms } from '../../builders/wire-lines.ts';

const recordOf = (...lines: readonly string[]): object => {
  const { tracker } = track().feed(...lines);
  const seen: HostSeen | null = tracker.host();
  if (seen === null) throw new Error('no facts');
  return hostRecord(seen, tracker.kernelLog(), (at) => `at ${at}`);
};

test('a host record has the facts as they came, and the log since', () => {
  const record = recordOf(
    hostFactsLine(ms(1)),
    kernelLogLine(ms(3), { before: 500 }),
    kernelLogLine(ms(4), { facility: 1 }),
  );
  const { kernel_log: log, ...facts } = aHostFacts();
  expect(record).toEqual({
    type: 'host',
    at: `at ${ms(1)}`,
    ...facts,
    kernel_log: {
      ...log,
      orphans: 1,
      memory: 0,
      by_process: 1,
      lines: [
        { logged_at: `at ${ms(3) - 500}`, about: 'orphans', facility: 0, text: 'TCP: too many orphaned sockets' },
        { logged_at: `at ${ms(4)}`, about: 'orphans', facility: 1, text: 'TCP: too many orphaned sockets' },
      ],
    },
  });
});

test('a log that could not be read has no counts', () => {
  const kernel_log = { is_readable: false, orphans_before: null, memory_before: null };
  expect(recordOf(hostFactsLine(ms(1), aHostFacts({ kernel_log })))).toMatchObject({
    kernel_log: { orphans: null, memory: null, by_process: null, lines: [] },
  });
});
