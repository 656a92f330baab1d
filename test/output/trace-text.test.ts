import { afterEach, expect, test, vi } from 'vitest';
import type { AbnormalDeaths } from '../../src/explain/abnormal.ts';
import type { Output } from '../../src/output/stdout.ts';
import { createTraceText } from '../../src/output/trace-text.ts';

const RESET: AbnormalDeaths = {
  ended_by: 'data_after_close',
  side: 'peer',
  comm: 'api',
  pid: 4711,
  port: 443,
  by_minisock: true,
  raddr: '10.0.0.2',
  count: 7,
  per_second: null,
  sampled: 0,
};

afterEach(() => {
  vi.restoreAllMocks();
});

test('trace says at its end which data minisocks reset: no line of it does', async () => {
  const told: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  const output: Output = {
    line: () => {},
    record: () => {},
    room: () => undefined,
    flush: async () => {},
    closed: new AbortController().signal,
  };
  const sink = createTraceText(output, false);
  for (const peer of [2, 3, 4, 5, 6]) sink.abnormal?.({ ...RESET, raddr: `10.0.0.${peer}` });
  // This one has a line, or is in a tally.
  sink.abnormal?.({ ...RESET, by_minisock: false, raddr: null, count: 1000 });
  await sink.end?.({ isCut: false, fault: null });
  expect(told).toHaveLength(4);
  expect(told[0]).toContain(
    '10.0.0.2 sends data after api[4711] closed, and FIN_WAIT2 minisocks reset it: 7 connections on port 443 in all',
  );
  expect(told[3]).toContain('14 more connections that FIN_WAIT2 minisocks reset');
});
