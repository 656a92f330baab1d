import type { ClosePath } from '../../src/explain/close-path.ts';
import type { Meta } from '../../src/wire/meta.ts';

/** What a guest can say of itself. */
export type Guest = {
  readonly backend: string;
  /** tcp:tcp_send_reset says why: from Linux 6.12. */
  readonly hasResetReasons: boolean;
};

/** What a stream's meta tells of it. */
export const guestOf = (meta: Meta): Guest => ({
  backend: meta.backend,
  hasResetReasons: Object.keys(meta.reset_reasons).length > 0,
});

/** Where a kernel or a backend cannot know what others do: what finwait says instead. docs/kernels.md lists the same. */
export type Limitation = {
  readonly name: string;
  readonly why: string;
  readonly applies: (guest: Guest) => boolean;
  readonly instead: Readonly<Record<string, Partial<ClosePath>>>;
};

export const LIMITATIONS: readonly Limitation[] = [];
