/** Sockets in CLOSE_WAIT that one process holds. */
export type CloseWaitHolder = {
  readonly pid: number;
  readonly comm: string;
  readonly count: number;
  /** `laddr:lport -> raddr:rport` of a few. */
  readonly examples: readonly string[];
  /** How long the oldest of them has been there at least, ms; null where nobody saw it come. */
  readonly atLeastMs: number | null;
};

/** A line of the kernel's log about orphans or TCP memory. */
export type KernelLogLine = {
  /** RFC 3339, or null where the log has no time. */
  readonly at: string | null;
  readonly kind: 'orphans' | 'memory';
  readonly text: string;
};

/** The figures of the host beside its dying sockets; null is unknown. */
export type HostState = {
  readonly orphans: number | null;
  readonly kernelOrphans: number | null;
  /** net.ipv4.tcp_max_orphans: one for all namespaces. */
  readonly limit: number | null;
  /** `mem` of /proc/net/sockstat, pages: all TCP memory of the host, not only that of orphans. */
  readonly memPages: number | null;
  /** net.ipv4.tcp_mem, pages: low, pressure, high. */
  readonly tcpMem: readonly [number, number, number] | null;
  /** Bytes. */
  readonly pageSize: number | null;
  readonly closeWait: { readonly count: number; readonly holders: readonly CloseWaitHolder[] } | null;
  readonly establishedWithoutOwner: readonly { readonly count: number; readonly what: string }[] | null;
  readonly kernelLog: readonly KernelLogLine[] | null;
};

export const UNKNOWN_HOST: HostState = {
  orphans: null,
  kernelOrphans: null,
  limit: null,
  memPages: null,
  tcpMem: null,
  pageSize: null,
  closeWait: null,
  establishedWithoutOwner: null,
  kernelLog: null,
};
