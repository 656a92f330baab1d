import type { CloseWait, HostFacts, Ownerless } from '../../src/wire/host-facts.ts';

const TUPLE = {
  netns: 4_026_531_840,
  family: 'ipv4',
  laddr: '10.0.0.1',
  lport: 443,
  raddr: '10.0.0.2',
  rport: 51_234,
} as const;

export const aCloseWait = (change: Partial<CloseWait> = {}): CloseWait => ({
  ...TUPLE,
  inode: 4711,
  unread_bytes: 10,
  all_read: false,
  min_ms: 2000,
  max_ms: 4000,
  holders: [{ pid: 42, comm: 'nginx' }],
  holder_count: 1,
  listener: null,
  ...change,
});

export const anOwnerless = (change: Partial<Ownerless> = {}): Ownerless => ({
  ...TUPLE,
  why: 'not_accepted',
  inode: null,
  unread_bytes: 5,
  listener: { laddr: '0.0.0.0', lport: 443, holders: [{ pid: 42, comm: 'nginx' }] },
  ...change,
});

/** A host with one socket of either kind. */
export const aHostFacts = (change: Partial<HostFacts> = {}): HostFacts => ({
  took_ms: 20,
  orphans: 3,
  orphan_limit: 16_384,
  time_wait: 7,
  sockets_allocated: 12,
  page_bytes: 4096,
  mem_pages: 193,
  mem_low_pages: 1000,
  mem_pressure_pages: 2000,
  mem_high_pages: 3000,
  orphan_mem_bytes: 2304,
  namespaces: 2,
  unreadable: 0,
  sees_all_processes: true,
  close_wait: {
    count: 1,
    not_accepted: 0,
    unread_bytes: 10,
    by_holder: [
      {
        netns: TUPLE.netns,
        holder: { pid: 42, comm: 'nginx' },
        count: 1,
        unread_bytes: 10,
        all_read: 0,
        min_ms: 2000,
        max_ms: 4000,
      },
    ],
    listed: [aCloseWait()],
  },
  ownerless: { count: 1, not_accepted: 1, no_socket: 0, no_fd: 0, listed: [anOwnerless()] },
  kernel_log: { is_readable: true, orphans_before: { count: 2, newest_ms: 60_000 }, memory_before: null },
  notes: [],
  ...change,
});
