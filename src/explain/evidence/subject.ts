/** The way a socket came to its end: the caller of close(), if any. */
export type How = 'close' | 'exit' | 'listener' | 'kernel' | 'none' | 'unknown';

/** The side that kept a socket dying, or ended it. */
export type Side = 'local' | 'peer' | 'network' | 'limit' | 'operator' | 'none' | 'unknown';

/**
 * The fields of a close path that advice depends on.
 *
 * The names of the causes are plain strings here: the types of a close path come from the list of causes, so a cause
 * cannot use them.
 */
export type Subject = {
  readonly family: 'ipv4' | 'ipv6';
  readonly raddr: string;
  readonly lport: number;
  readonly rport: number | null;
  readonly how: How;
  readonly waiting_for: string;
  /** Null while it still is dying. */
  readonly ended_by: string | null;
  readonly side: Side;
  /** Microseconds. */
  readonly orphan_us: number | null;
  readonly unread_bytes: number | null;
  readonly unacked_bytes: number | null;
  readonly held_bytes: number | null;
  readonly lost_bytes: number | null;
  readonly retransmits: number;
  readonly probes: number | null;
};

/** Limits on a socket's life that its close path does not state. */
export type Bounds = {
  /** TCP_USER_TIMEOUT; 0 for none, null for unknown. */
  readonly userTimeoutMs: number | null;
  /** net.ipv4.tcp_orphan_retries of its namespace, as it was set; null for unknown. */
  readonly orphanRetries: number | null;
  /** The kind of deadline of a socket that still is dying. */
  readonly deadline: 'at' | 'never' | 'unknown';
};

/**
 * Advice on one socket, in sentences with its own figures.
 *
 * @param where - ` (in netns N)` if the socket's namespace is not known to be ours, else empty
 */
export type Adviser = (path: Subject, where: string, bounds: Bounds) => readonly string[];
