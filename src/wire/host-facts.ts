/** A process and its name. A process may set its own name to any bytes. */
export type Holder = { readonly pid: number; readonly comm: string };

type Tuple = {
  /** Inode of the network namespace. */
  readonly netns: number;
  readonly family: 'ipv4' | 'ipv6';
  readonly laddr: string;
  readonly lport: number;
  readonly raddr: string;
  readonly rport: number;
};

/** The listener in whose accept queue a connection waits: it is in the same namespace, on the same local port. */
export type Listener = {
  readonly laddr: string;
  readonly lport: number;
  /** Three at most. Null: none was found, and not every process could be asked. */
  readonly holders: readonly Holder[] | null;
};

/**
 * A socket in CLOSE_WAIT: its peer has closed, its process has not. It is no orphan, and no sysctl ends it.
 *
 * Nothing tells when it entered the state. `min_ms` is the time since its last ACK: the FIN carried one, so the FIN is
 * at least that old. `max_ms` is the time since data last came: the FIN came with it or after. Null: not asked.
 *
 * @see Linux net/ipv4/tcp_input.c, tcp_ack (rcv_tstamp) and tcp_event_data_recv (lrcvtime)
 */
export type CloseWait = Tuple & {
  /** Null where it has no `struct socket`: not accepted yet. */
  readonly inode: number | null;
  /** Received and not read, bytes, without the FIN. */
  readonly unread_bytes: number;
  /**
   * The process has read everything, the FIN included. False: it cannot know yet that its peer has closed. True does
   * not prove that it knows: a read of the last byte also takes a FIN that came with it.
   *
   * @see Linux net/ipv4/tcp.c, tcp_recvmsg_locked, found_fin_ok
   */
  readonly all_read: boolean;
  readonly min_ms: number | null;
  readonly max_ms: number | null;
  /**
   * Processes that have it open, three at most. Empty: nobody. Null: none was found, and not every process could be
   * asked.
   */
  readonly holders: readonly Holder[] | null;
  /** The number of processes that have it open; null if not every process could be asked. */
  readonly holder_count: number | null;
  /** The listener that it waits for while it is not accepted; null when it is accepted, or no listener fits. */
  readonly listener: Listener | null;
};

/** All sockets in CLOSE_WAIT of one namespace that the same process holds. */
export type CloseWaitGroup = {
  readonly netns: number;
  /** The first of its holders by pid; null where none is known. */
  readonly holder: Holder | null;
  readonly count: number;
  readonly unread_bytes: number;
  /** The number of them that have been read to the end. */
  readonly all_read: number;
  /** The longest `min_ms` and `max_ms` among them. */
  readonly min_ms: number | null;
  readonly max_ms: number | null;
};

/**
 * The reason why an ESTABLISHED socket has no process.
 *
 * - `not_accepted`: no `struct socket`, and a listener on its port: it waits in the accept queue.
 * - `no_socket`: no `struct socket`, and no such listener: a TPROXY listener's child, an MPTCP subflow.
 * - `no_fd`: a `struct socket`, and no process has it open: the kernel's own (NFS, SMB), in flight in a unix socket, or
 *   held by io_uring alone.
 */
export type WhyOwnerless = 'not_accepted' | 'no_socket' | 'no_fd';

export type Ownerless = Tuple & {
  readonly why: WhyOwnerless;
  readonly inode: number | null;
  /** Received and not read, bytes. */
  readonly unread_bytes: number;
  readonly listener: Listener | null;
};

/** Lines of one kind that the kernel logged. The kernel limits their rate, so there may have been more. */
export type LoggedBefore = {
  readonly count: number;
  /** Age of the newest when these facts were written, ms. printk's clock may be off by seconds after weeks. */
  readonly newest_ms: number | null;
};

/**
 * Facts of the host about orphans, TCP's memory, and sockets that are taken for orphans. It is the wire's `h` line and
 * the contract's `host` record. Null is unknown, never 0.
 *
 * @see docs/json.md for each field's source and unit
 */
export type HostFacts = {
  /** Time that gathering took, ms: the facts are of that whole span, not of an instant. */
  readonly took_ms: number;
  readonly orphans: number | null;
  readonly orphan_limit: number | null;
  /** Minisocks of finwait's own network namespace. */
  readonly time_wait: number | null;
  readonly sockets_allocated: number | null;
  readonly page_bytes: number | null;
  readonly mem_pages: number | null;
  /** net.ipv4.tcp_mem. */
  readonly mem_low_pages: number | null;
  readonly mem_pressure_pages: number | null;
  readonly mem_high_pages: number | null;
  /** Memory of the orphans in readable namespaces: receive and send buffers and the reserve. */
  readonly orphan_mem_bytes: number | null;
  readonly namespaces: number;
  readonly unreadable: number;
  /** True if every process of the machine could be asked for its sockets. If not, a holder may be missing. */
  readonly sees_all_processes: boolean;
  readonly close_wait: {
    readonly count: number;
    readonly not_accepted: number;
    readonly unread_bytes: number;
    /** The processes with the most. */
    readonly by_holder: readonly CloseWaitGroup[];
    /** The sockets with the most unread bytes; fewer than `count` where the list was cut. */
    readonly listed: readonly CloseWait[];
  };
  readonly ownerless: {
    /** Null where `no_fd` is null. */
    readonly count: number | null;
    readonly not_accepted: number;
    readonly no_socket: number;
    /** Null where not every process could be asked, or a second look at the sockets failed. */
    readonly no_fd: number | null;
    readonly listed: readonly Ownerless[];
  };
  readonly kernel_log: {
    readonly is_readable: boolean;
    /** Lines that the log held when the capture began. */
    readonly orphans_before: LoggedBefore | null;
    readonly memory_before: LoggedBefore | null;
  };
  /** Facts that could not be found out, and why. */
  readonly notes: readonly string[];
};

/** Characters of JSON in an `h` line at most, and entries in each list. */
export const MAX_HOST_JSON = 262_144;
export const MAX_LISTED = 100;
