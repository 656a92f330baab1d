import { readFileSync } from 'node:fs';

/** The sysctls under net.ipv4 that bound an orphan's life or number. */
const NAMES = [
  'tcp_max_orphans',
  'tcp_orphan_retries',
  'tcp_fin_timeout',
  'tcp_retries2',
  'tcp_rto_max_ms',
  'tcp_rto_min_us',
  'tcp_mem',
] as const;

/** Their values in finwait's own network namespace; those this kernel lacks are left out. */
export const readSysctls = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    NAMES.flatMap((name) => {
      try {
        return [[name, readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8').trim().replaceAll('\t', ' ')]];
      } catch {
        return [];
      }
    }),
  );
