import type { TcpState } from './tcp-state.ts';

/** A process, and its name: any bytes that it likes. */
export type Named = { readonly pid: number; readonly comm: string };

/** A descriptor, and whether exec() closes it. Null: it could not be read. */
export type Descriptor = { readonly fd: number; readonly close_on_exec: boolean | null };

export type OpenHolder = Named & {
  /** Null where it has none, or it could not be read. */
  readonly parent: Named | null;
  readonly fds: readonly Descriptor[];
  /**
   * The pid of its nearest ancestor that has the same socket at the same number, as fork() hands descriptors down.
   * Null where none was seen: it may have closed its own.
   */
  readonly inherited_from: number | null;
  /**
   * Its parent may have handed it down. False: each descriptor is close-on-exec, and the process runs another program
   * than its parent, so an exec() since the fork() would have closed it.
   */
  readonly may_be_inherited: boolean;
};

/** A process whose file keeps sockets alive beside descriptors: an io_uring, or a unix socket. */
export type Keeper = Named & { readonly fd: number };

/** A unix socket with descriptors in its queue (SCM_RIGHTS). Nothing tells which files they are. */
export type InFlight = Keeper & { readonly count: number };

/**
 * - `process`: processes have it open.
 * - `io_uring`: no process has it open; it is registered with an io_uring.
 * - `accept_queue`: it was not accepted yet.
 * - `mptcp`: it is a subflow of an MPTCP connection, and no process has it open.
 * - `no_process`: every process was asked, and none has it open.
 * - `unknown`: no process was found, and not every one could be asked.
 */
export type HeldBy = 'process' | 'io_uring' | 'accept_queue' | 'mptcp' | 'no_process' | 'unknown';

/** An MPTCP connection: it has a state and a close() of its own; its subflows are TCP sockets. */
export type MptcpState = {
  readonly state: TcpState;
  /** No process has it open any more. */
  readonly is_closed: boolean;
  /** Time until its timer fires, ms; null where none is pending. */
  readonly timer_ms: number | null;
};

/** A TCP socket that is not dying, and who keeps it. The bytes are those of its queues. */
export type OpenSocket = {
  /** Inode of the network namespace. */
  readonly netns: number;
  /** A file that leads into that namespace; null for finwait's own, and where no way can be told. */
  readonly netns_path: string | null;
  readonly is_own_netns: boolean;
  readonly family: 'ipv4' | 'ipv6';
  readonly laddr: string;
  readonly lport: number;
  readonly raddr: string;
  readonly rport: number;
  readonly state: TcpState;
  /** Null where it has no `struct socket`. */
  readonly inode: number | null;
  /** Received and not read, without the FIN. For a listener the connections that wait, and 0. */
  readonly unread_bytes: number;
  readonly unacked_bytes: number;
  /** Its keepalive timer runs (SO_KEEPALIVE). A FIN_WAIT2 socket that is held has no other timer in that place. */
  readonly has_keepalive: boolean;
  readonly held_by: HeldBy;
  /** The processes that have it open, by pid; a hundred at most. */
  readonly holders: readonly OpenHolder[];
  readonly holder_count: number;
  readonly io_urings: readonly Keeper[];
  /** Asked only where nobody else was found. */
  readonly in_flight: readonly InFlight[];
  /** The connection that it is a subflow of. Asked only where no process has it open; null where it is none, too. */
  readonly mptcp: MptcpState | null;
  /** The listener whose queue it waits in, and who has that open. */
  readonly listener: { readonly laddr: string; readonly lport: number; readonly holders: readonly Named[] } | null;
};

export type OpenSockets = {
  readonly sockets: readonly OpenSocket[];
  /** Sockets that fit, beyond those told. */
  readonly left: number;
  /** Sentences: what could not be looked at. Empty: everything was. */
  readonly notes: readonly string[];
};
