import { readFileSync } from 'node:fs';
import type { TcpMemory } from '../../wire/event.ts';

/** `orphans`, `allocated` and `memory` are of the whole machine; `timeWait` of finwait's own namespace. */
export type OrphanGauge = {
  readonly orphans: number;
  readonly limit: number;
  readonly timeWait: number | null;
  readonly allocated: number | null;
  readonly memory: TcpMemory | null;
};

const figure = (text: string, name: string): number | null => {
  const match = new RegExp(`^TCP: .*?\\b${name} (\\d+)`, 'm').exec(text);
  return match === null ? null : Number(match[1]);
};

/**
 * The `orphan` figure of /proc/net/sockstat: an exact sum over all CPUs, namespaces and families.
 *
 * @returns null for a text without it
 * @see Linux net/ipv4/proc.c, sockstat_seq_show
 */
export const parseSockstat = (text: string): number | null => figure(text, 'orphan');

/** The `tw` figure: TIME_WAIT sockets of the namespace whose sockstat it is. @returns null for a text without it */
export const parseTimeWait = (text: string): number | null => figure(text, 'tw');

/**
 * Pages that TCP holds, and its thresholds.
 *
 * The kernel's CPUs keep up to 1 MB each to themselves before they count it. So the figure is good near the thresholds,
 * and rough on an idle host.
 *
 * @param tcpMem - net.ipv4.tcp_mem
 * @returns null where either text lacks them
 * @see Linux include/net/sock.h, sk_memory_allocated_add
 */
export const parseTcpMemory = (sockstat: string, tcpMem: string): TcpMemory | null => {
  const pages = figure(sockstat, 'mem');
  const [, low, pressure, high] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/.exec(tcpMem) ?? [];
  if (pages === null || low === undefined) return null;
  return { pages, low: Number(low), pressure: Number(pressure), high: Number(high) };
};

/** The kernel's present counts of TCP. @throws Error when /proc is not readable */
export const readOrphanGauge = (): OrphanGauge => {
  const text = readFileSync('/proc/net/sockstat', 'utf8');
  const orphans = parseSockstat(text);
  if (orphans === null) throw new Error('/proc/net/sockstat has no "TCP: … orphan" figure');
  const limit = Number(readFileSync('/proc/sys/net/ipv4/tcp_max_orphans', 'utf8'));
  return { orphans, limit, timeWait: parseTimeWait(text), allocated: figure(text, 'alloc'), memory: memoryOf(text) };
};

const memoryOf = (sockstat: string): TcpMemory | null => {
  try {
    return parseTcpMemory(sockstat, readFileSync('/proc/sys/net/ipv4/tcp_mem', 'utf8'));
  } catch {
    return null;
  }
};
