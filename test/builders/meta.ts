import { traceNs } from '../../src/kernel/units.ts';
import type { Hello } from '../../src/wire/event.ts';
import type { Meta } from '../../src/wire/meta.ts';
import { WIRE_VERSION } from '../../src/wire/schema.ts';

export const aMeta = (change: Partial<Meta> = {}): Meta => ({
  type: 'meta',
  finwait: '0.1.0',
  schema: 1,
  wire: WIRE_VERSION,
  bpftrace: '0.23.2',
  kernel: '6.12.0',
  host: 'testhost',
  backend: 'tracepoint',
  boot_offset_ns: '1767224600000000000',
  started_at: '2026-01-01T00:00:00.250Z',
  pid: 100,
  netns: 4_026_531_840,
  hz: 250,
  jiffies: null,
  reorder_window_ms: 5,
  reset_reasons: {},
  sysctls: { 4026531840: { tcp_fin_timeout: '60' } },
  filters: {},
  ...change,
});

/** 2026-01-01T00:00:00.250000Z at boot second 1000. */
export const aHello = (change: Partial<Hello> = {}): Hello => ({
  kind: 'hello',
  at: traceNs(0),
  version: WIRE_VERSION,
  backend: 'tracepoint',
  bootSec: 1000,
  bootNsec: 123,
  wallSec: 1_767_225_600,
  wallUsec: 250_000,
  ...change,
});
