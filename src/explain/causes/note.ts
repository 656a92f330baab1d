import type { Cause } from '../close-path.ts';

/** What a low tcp_orphan_retries costs: said wherever it is advised. */
export const PRICE = 'Too low, it cuts off slow or lossy clients that still receive the last response.';

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
