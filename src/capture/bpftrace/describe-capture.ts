import { hostname, release } from 'node:os';
import type { Meta } from '../../wire/meta.ts';
import { WIRE_VERSION } from '../../wire/schema.ts';
import type { Backend } from '../kernel/backend.ts';
import { sleptNs } from '../kernel/boot-clock.ts';
import type { Btf } from '../kernel/btf.ts';
import { clockReading, readJiffies } from '../kernel/jiffies.ts';
import { readSysctls } from '../kernel/sysctls.ts';
import { ownNetns } from '../sockets/netns.ts';
import { type BpftraceProgram, reorderWindowMs } from './bpftrace.ts';

/** Boot clock, wall seconds and microseconds of a handshake line. */
export const HANDSHAKE = /^H \d{1,9} [a-z]{1,20} (\d{1,20}) (\d{1,12})\.(\d{6})$/;

export type CaptureFacts = {
  readonly backend: Backend;
  readonly program: BpftraceProgram;
  readonly btf: Btf;
  readonly finwaitVersion: string;
  readonly filters: Readonly<Record<string, string>>;
  readonly minAgeMs: number;
};

/** The `meta` of a live capture. @param hello - its handshake line */
export const describeCapture = (hello: string, facts: CaptureFacts): Meta => {
  const m = HANDSHAKE.exec(hello);
  const wallNs = BigInt(m?.[2] ?? 0) * 1_000_000_000n + BigInt(m?.[3] ?? 0) * 1000n;
  const own = ownNetns();
  const jiffies = readJiffies();
  return {
    type: 'meta',
    finwait: facts.finwaitVersion,
    schema: 1,
    wire: WIRE_VERSION,
    bpftrace: facts.program.version,
    kernel: release(),
    host: hostname(),
    backend: facts.backend,
    boot_offset_ns: String(wallNs - BigInt(m?.[1] ?? 0)),
    started_at: rfc3339(wallNs),
    pid: process.pid,
    netns: own,
    hz: jiffies?.hz ?? null,
    jiffies: jiffies === null ? null : clockReading(jiffies, sleptNs()),
    reorder_window_ms: reorderWindowMs(facts.program.version),
    min_age_ms: facts.minAgeMs,
    reset_reasons: Object.fromEntries(
      [...facts.btf.enumNames('sk_rst_reason')].map(([value, name]) => [value, name.replace(/^SK_RST_REASON_/, '')]),
    ),
    sysctls: own === null ? {} : { [own]: readSysctls() },
    filters: facts.filters,
  };
};

/** UTC with nanoseconds, as every other time of the JSON. */
const rfc3339 = (wallNs: bigint): string => {
  const second = new Date(Number(wallNs / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${second}.${String(wallNs % 1_000_000_000n).padStart(9, '0')}Z`;
};
