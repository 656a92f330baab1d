import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { PathFilter } from '../../filter/table.ts';
import type { Backend } from '../kernel/backend.ts';
import type { Btf } from '../kernel/btf.ts';
import { readOrphanGauge } from '../kernel/sockstat.ts';
import { deferredParams, isOlder, mapKeys, onStack } from './bpftrace.ts';
import { fewerCasts } from './fewer-casts.ts';
import { filterText } from './probe-filter.ts';
import { resolveProbe } from './probe-text.ts';

export type Wanted = {
  /** The sockets that deferred probes announce; they only count the others. */
  readonly only: PathFilter;
  /** A socket is announced once it has been dying for this long, ms; 0: announced at its close. */
  readonly minAgeMs: number;
  /** Places of each map of the probes; as many as this host may need where it is not told. */
  readonly mapKeys: number | undefined;
};

/** All that bpftrace is given. A live capture runs it; `finwait probe` prints it. */
export type Composed = {
  /** The text that bpftrace reads from its stdin. */
  readonly script: string;
  /** `$1` and so on of the script. */
  readonly params: readonly string[];
  /** Places of each map. */
  readonly keys: number;
};

/**
 * The script of a backend as it runs on this kernel, and what goes with it.
 *
 * @param version - of bpftrace
 * @param has - `Btf.has` of the running kernel
 */
export const compose = (
  backend: Backend,
  version: string,
  has: Btf['has'],
  { only, minAgeMs, mapKeys: given }: Wanted,
): Composed => {
  const isDeferred = minAgeMs > 0;
  const text = readFileSync(
    new URL(`../../../probes/${backend}${isDeferred ? '-deferred' : ''}.bt`, import.meta.url),
    'utf8',
  );
  const keys = given ?? mapKeys(cpus().length, maxOrphans());
  const script = onStack(resolveProbe(text, has, filterText(only)), version);
  return {
    script: isOlder(version, [0, 18]) ? fewerCasts(script) : script,
    params: deferredParams(minAgeMs, cpus().length, keys),
    keys,
  };
};

/** tcp_max_orphans; its default on a small host where it cannot be read. */
export const maxOrphans = (): number => {
  try {
    return readOrphanGauge().limit;
  } catch {
    return 8192;
  }
};
