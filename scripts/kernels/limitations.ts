import type { ClosePath } from '../../src/explain/close-path.ts';

/** What a guest can say of itself. */
export type Guest = {
  readonly backend: string;
  /** tcp:tcp_send_reset says why: from Linux 6.12. */
  readonly hasResetReasons: boolean;
};

/** Where a kernel or a backend cannot know what others do: what finwait says instead. docs/kernels.md lists the same. */
export type Limitation = {
  readonly name: string;
  readonly why: string;
  readonly applies: (guest: Guest) => boolean;
  readonly instead: Readonly<Record<string, Partial<ClosePath>>>;
};

export const LIMITATIONS: readonly Limitation[] = [];
