import type { KernelLog } from '../../lifecycle/host.ts';
import { bothEnds, endpoint } from '../../text/endpoint.ts';
import type { HostSeen } from '../../wire/event.ts';
import type { HostFacts, WhyOwnerless } from '../../wire/host-facts.ts';

/** Sockets in CLOSE_WAIT that one process holds. */
export type CloseWaitHolder = {
  readonly pid: number;
  readonly comm: string;
  readonly count: number;
  /** A few of them, as `laddr:lport -> raddr:rport`. */
  readonly examples: readonly string[];
  /** The time that the oldest of them has been in CLOSE_WAIT, at least and at most, ms; null where that is unknown. */
  readonly atLeastMs: number | null;
  readonly atMostMs: number | null;
};

/** A line of the kernel's log about orphans or TCP memory. */
export type KernelLogLine = {
  /** RFC 3339, or null where the log has no time. */
  readonly at: string | null;
  readonly kind: 'orphans' | 'memory';
  readonly text: string;
};

/** The figures of the host itself; null is unknown. */
export type HostState = {
  readonly orphans: number | null;
  readonly kernelOrphans: number | null;
  /** net.ipv4.tcp_max_orphans: one limit for all namespaces. */
  readonly limit: number | null;
  /** `mem` of /proc/net/sockstat, pages: all TCP memory of the host, not only the orphans'. */
  readonly memPages: number | null;
  /** net.ipv4.tcp_mem, pages: low, pressure, high. */
  readonly tcpMem: readonly [number, number, number] | null;
  /** Bytes. */
  readonly pageSize: number | null;
  /** Memory that the orphans of the readable namespaces hold now, bytes. */
  readonly orphanBytes: number | null;
  /** `notAccepted` of the `count` sockets wait in an accept queue; processes have the others open. */
  readonly closeWait: {
    readonly count: number;
    readonly notAccepted: number;
    readonly holders: readonly CloseWaitHolder[];
    /** Sockets that a process has open, though nobody saw which one. */
    readonly unnamed: number;
  } | null;
  readonly establishedWithoutOwner: readonly { readonly count: number; readonly what: string }[] | null;
  /** True if an owning process is known for each of the other ESTABLISHED sockets. */
  readonly areOwnersKnown: boolean;
  /** Namespaces that could not be read: none of these figures counts their sockets. */
  readonly unreadable: number;
  readonly kernelLog: readonly KernelLogLine[] | null;
  /** Facts that could not be found out, in sentences. */
  readonly notes: readonly string[];
};

export const UNKNOWN_HOST: HostState = {
  orphans: null,
  kernelOrphans: null,
  limit: null,
  memPages: null,
  tcpMem: null,
  pageSize: null,
  orphanBytes: null,
  closeWait: null,
  establishedWithoutOwner: null,
  areOwnersKnown: false,
  unreadable: 0,
  kernelLog: null,
  notes: [],
};

const EXAMPLES = 3;

/** An ESTABLISHED socket without an owner, in a person's words. */
const WHAT: Readonly<Record<WhyOwnerless, string>> = {
  not_accepted: 'not accepted yet, in a listener’s accept queue',
  no_socket: 'without a struct socket and without a listener: what they are is not known',
  no_fd: 'that no process has open: the kernel’s own, in flight in a unix socket, or io_uring’s',
};

/**
 * The host's state by the stream; all unknown before the first `h` line.
 *
 * @param clock - event time as RFC 3339
 */
export const hostStateOf = (seen: HostSeen | null, log: KernelLog, clock: (at: HostSeen['at']) => string): HostState =>
  seen === null
    ? UNKNOWN_HOST
    : {
        ...limitsOf(seen.facts),
        closeWait: closeWaitOf(seen.facts),
        establishedWithoutOwner: ownerlessOf(seen.facts),
        areOwnersKnown: seen.facts.ownerless.no_fd !== null,
        unreadable: seen.facts.unreadable,
        notes: seen.facts.notes,
        kernelLog: seen.facts.kernel_log.is_readable
          ? log.lines
              .filter(({ facility }) => facility === 0)
              .map(({ loggedAt, about, text }) => ({ at: clock(loggedAt) || null, kind: about, text }))
          : null,
      };

const limitsOf = (facts: HostFacts) => {
  const { mem_low_pages: low, mem_pressure_pages: pressure, mem_high_pages: high } = facts;
  return {
    orphans: null,
    kernelOrphans: facts.orphans,
    limit: facts.orphan_limit,
    memPages: facts.mem_pages,
    tcpMem: low === null || pressure === null || high === null ? null : ([low, pressure, high] as const),
    pageSize: facts.page_bytes,
    orphanBytes: facts.orphan_mem_bytes,
  };
};

const closeWaitOf = ({ close_wait }: HostFacts): HostState['closeWait'] => ({
  count: close_wait.count,
  notAccepted: close_wait.not_accepted,
  unnamed: unnamedOf(close_wait),
  holders: close_wait.by_holder.flatMap(({ netns, holder, count, min_ms, max_ms }) => {
    if (holder === null) return [];
    const examples = close_wait.listed
      .filter((sock) => sock.netns === netns && sock.holders?.some(({ pid }) => pid === holder.pid))
      .slice(0, EXAMPLES)
      .map(bothEnds);
    return [{ ...holder, count, examples, atLeastMs: min_ms, atMostMs: max_ms }];
  }),
});

/** The sockets without a named holder that are not waiting to be accepted. */
const unnamedOf = ({ by_holder, not_accepted }: HostFacts['close_wait']): number => {
  const without = by_holder.reduce((sum, { holder, count }) => sum + (holder === null ? count : 0), 0);
  return Math.max(0, without - not_accepted);
};

const ownerlessOf = ({ ownerless }: HostFacts): HostState['establishedWithoutOwner'] => {
  const kinds: readonly WhyOwnerless[] = ['not_accepted', 'no_socket', 'no_fd'];
  return kinds.flatMap((why) => {
    const count = ownerless[why];
    return count === null ? [] : [{ count, what: `${WHAT[why]}${listenersOf(ownerless, why)}` }];
  });
};

/** The listeners at which these sockets wait, and the processes that hold those listeners. */
const listenersOf = ({ listed }: HostFacts['ownerless'], why: WhyOwnerless): string => {
  const names = new Set<string>();
  for (const { listener, family, why: is } of listed) {
    if (is !== why || listener === null) continue;
    const holder = listener.holders?.[0];
    const by = holder === undefined ? '' : ` of ${holder.comm}[${holder.pid}]`;
    names.add(`${endpoint(family, listener.laddr, listener.lport)}${by}`);
  }
  return names.size === 0 ? '' : ` (${[...names].slice(0, EXAMPLES).join(', ')})`;
};
