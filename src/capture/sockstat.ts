import { readFileSync } from 'node:fs';

export type OrphanGauge = { readonly orphans: number; readonly limit: number };

/**
 * The `orphan` figure of /proc/net/sockstat: an exact sum over all CPUs, namespaces and families.
 *
 * @returns null for a text without it
 * @see Linux net/ipv4/proc.c, sockstat_seq_show
 */
export const parseSockstat = (text: string): number | null => {
  const match = /^TCP: .*?\borphan (\d+)/m.exec(text);
  return match === null ? null : Number(match[1]);
};

/** The orphan counter and its limit now. @throws Error when /proc is not readable */
export const readOrphanGauge = (): OrphanGauge => {
  const orphans = parseSockstat(readFileSync('/proc/net/sockstat', 'utf8'));
  if (orphans === null) throw new Error('/proc/net/sockstat has no "TCP: … orphan" figure');
  return { orphans, limit: Number(readFileSync('/proc/sys/net/ipv4/tcp_max_orphans', 'utf8')) };
};
