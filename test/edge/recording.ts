import { zstdCompressSync } from 'node:zlib';
import { WIRE_VERSION } from '../../src/wire/schema.ts';
import { wire } from './fakes/fake.ts';

export const META = {
  type: 'meta',
  finwait: '0.1.0',
  schema: 1,
  wire: WIRE_VERSION,
  bpftrace: '0.17.0',
  kernel: '6.18.0',
  host: 'edge',
  backend: 'tracepoint',
  boot_offset_ns: '0',
  started_at: '2026-01-01T00:00:00.000Z',
  pid: 1,
  netns: null,
  hz: 250,
  reorder_window_ms: 50,
  reset_reasons: {},
  sysctls: {},
  filters: {},
};

/** A whole recording of `deaths` sockets. */
export const recordingOf = (deaths: number, meta: object = META): Buffer => {
  const lines = [JSON.stringify(meta), wire.hello()];
  for (let i = 0; i < deaths; i++) lines.push(...wire.death(0xffff888000000000n + BigInt(i) * 64n));
  return zstdCompressSync(`${[...lines, wire.tick(), wire.bye(), '# end'].join('\n')}\n`);
};
