/** One reading of the kernel's clocks, all at the same instant. */
export type ClockReading = {
  /** Low 32 bits of jiffies. */
  readonly value: number;
  /** CLOCK_BOOTTIME, the clock of the lines, and CLOCK_MONOTONIC, which stands still while the host sleeps; ns. */
  readonly boot_ns: string;
  readonly monotonic_ns: string;
};

/**
 * The first record of every stream: the capturing program, the host and the settings. It is written into recordings and
 * first in `--json`. Fields may be added; readers ignore those that they do not know.
 */
export type Meta = {
  readonly type: 'meta';
  readonly finwait: string;
  /** Version of the NDJSON contract. */
  readonly schema: number;
  /** Version of the lines' wire format. */
  readonly wire: number;
  readonly bpftrace: string;
  readonly kernel: string;
  readonly host: string;
  readonly backend: string;
  /** Wall clock minus boot clock at the handshake, ns. */
  readonly boot_offset_ns: string;
  readonly started_at: string;
  /** finwait's own process and network namespace. */
  readonly pid: number;
  readonly netns: number | null;
  /** Jiffies a second; null where unknown. */
  readonly hz: number | null;
  /** The kernel's clocks when the capture began; null where unknown. */
  readonly jiffies: ClockReading | null;
  /** Events may be displaced by this time, ms: the first reorder window. */
  readonly reorder_window_ms: number;
  /**
   * A socket had been dying for this long when it was announced, ms. Younger deaths were tallied. Missing or 0:
   * announced at close.
   */
  readonly min_age_ms?: number;
  /** `enum sk_rst_reason`: number to name; empty before Linux 6.12. */
  readonly reset_reasons: Readonly<Record<string, string>>;
  /** The sysctls that bound an orphan's life, by namespace inode; only those of finwait's own namespace. */
  readonly sysctls: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly filters: Readonly<Record<string, string>>;
};
