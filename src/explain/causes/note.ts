import type { Cause } from '../close-path.ts';

/** What a low tcp_orphan_retries costs: said wherever it is advised. */
export const PRICE = 'Too low, it cuts off slow or lossy clients that still receive the last response.';

/** What bounds an orphan whose peer answers window probes. @see Linux net/ipv4/tcp_timer.c, tcp_probe_timer */
export const ANSWERED_BOUND =
  'Where the peer answers the probes (333 s at an RTO of 208 ms), bound sockets to come with TCP_USER_TIMEOUT, set by the application before close(), or with a lower net.ipv4.tcp_rto_max_ms where it exists (not in Linux 6.12, in 6.18).';
export const ANSWERED_RETRIES =
  'Lowering net.ipv4.tcp_orphan_retries does not help while the peer answers the probes: each answer starts their count anew, and they end only when their interval has reached its maximum.';

/** What finwait knows of a cause, for `explain --list`, the advice of a path, and docs/causes. */
export type CauseNote = {
  readonly cause: Cause;
  /** A few words, lower case: `the peer never acknowledged our FIN`. */
  readonly title: string;
  /** What it means, in one sentence. */
  readonly meaning: string;
  /** The kernel function that decides it. */
  readonly cites: string;
  /** What helps, the first thing to try first; each a sentence with the exact setting or command. */
  readonly helps: readonly string[];
  /** What does not help though it is often advised, and why. */
  readonly doesNotHelp: readonly string[];
};
