import { swap16 } from '../kernel/address.ts';
import { TCP_STATES, type TcpState } from '../kernel/tcp-state.ts';
import { hasPort, isPorts, type PortRange, portsText, readPorts } from './ports.ts';
import { readComm, readDuration, readNetns, readPid, readState } from './read.ts';

/** A filter sees this much of a socket: of a close path, of a sock that is dying, of one that only the inventory knows. */
export type Subject = {
  /** Null where nobody saw who closed it. */
  readonly closer: { readonly pid: number; readonly comm: string } | null;
  readonly family: 'ipv4' | 'ipv6';
  readonly lport: number;
  /** Null where it is unknown: no filter of ports is for it. */
  readonly rport: number | null;
  readonly netns: number;
  /** True if it was closed in this state, went through it, or is in it. */
  readonly wasIn: (state: TcpState) => boolean;
};

/** An option of the command line. One without a value `means` one. */
type FilterOption<T> = {
  /** The name as commander has it. */
  readonly name: string;
  readonly flags: string;
  readonly help: string;
  readonly conflicts?: string;
} & (
  | {
      /** @throws Refused */
      read(text: string): T;
      /** Gives the filter's value, if the option has another unit. */
      toValue?(read: T): T;
    }
  | { readonly means: T }
);

/**
 * One filter. Methods, and not properties that hold functions, let rows of different values stand in one table. They
 * are called with values that are given, so never with `none`.
 */
export type Filter<T = unknown> = {
  readonly options: readonly FilterOption<T>[];
  /** Its name in `meta.filters`. */
  readonly meta: string;
  /** The values of a socket, to name them where no socket passed. There are none where they would say nothing. */
  seen(on: Subject): readonly string[];
  /** The value that lets all sockets through. */
  readonly none: T;
  /** Checks a value that another process sent, `none` included. */
  is(value: unknown): value is T;
  /** The value as the option takes it; empty for an option without one. */
  write(value: NonNullable<T>): string;
  /** The value in `meta.filters`, where that is not its own text. */
  metaText?(value: NonNullable<T>): string;
  /** Chooses the sockets that pass. A question about the age alone costs no look at the socket's lines. */
  readonly test:
    | { readonly asks: 'socket'; passes(value: NonNullable<T>, on: Subject): boolean }
    /** @param dyingUs - null where the close was not observed */
    | { readonly asks: 'age'; passes(value: NonNullable<T>, dyingUs: number | null): boolean };
  /** The deferred probes apply it in this way. The probes that announce each close leave every filter to finwait. */
  readonly probe: /**
   * They test a condition. The variables are those of probes/parts/deferred: `$sk`, `$inet`, `$who` (pid above tid) and
   * `$comm`. It is null for a value that cannot stand in a script: then finwait filters.
   */
    | { readonly tells: 'sock' | 'closer'; condition(value: NonNullable<T>): string | null }
    /** They cannot tell, for this reason. In place of a condition they have a parameter, or finwait filters. */
    | { readonly tells: 'nothing'; readonly instead: 'parameter' | 'finwait'; readonly because: string };
};

const isWhole = (value: unknown, most: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
const isId = (value: unknown): value is number | null => value === null || isWhole(value, 1e15);
const isName = (value: unknown): value is string | null => value === null || typeof value === 'string';
const isFamily = (value: unknown): value is 'ipv4' | 'ipv6' | null =>
  value === null || value === 'ipv4' || value === 'ipv6';
const isState = (value: unknown): value is TcpState | null =>
  value === null || TCP_STATES.some((state) => state === value);
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY;

const anyOf = (what: string, values: readonly number[]): string =>
  `(${values.map((value) => `${what} == ${value}`).join(' || ')})`;

/** A port of 16 bits in network order, as the number that it is. */
const inHostOrder = (what: string): string => `(((${what} & 255) << 8) | ((${what} >> 8) & 255))`;

/** A range is compared as numbers; a single port as the kernel stores it, which is cheaper. */
const inPorts = (what: string, ports: readonly PortRange[]): string =>
  `(${ports
    .map(([from, to]) =>
      from === to ? `${what} == ${swap16(from)}` : `(${inHostOrder(what)} >= ${from} && ${inHostOrder(what)} <= ${to})`,
    )
    .join(' || ')})`;

/** A name of these characters may stand in a string of bpftrace's as it is. */
const PLAIN_COMM = /^[\w .:@+/-]{1,15}$/;

/**
 * Every filter, in the order of the help. The command line, `meta.filters`, `trace` and `explain`, the screen, and the
 * probes all read this table: one more filter is one more row.
 */
export const FILTERS = {
  pid: {
    options: [{ name: 'pid', flags: '-p, --pid <pid>', help: 'only sockets closed by this process', read: readPid }],
    meta: 'pid',
    seen: ({ closer }) => (closer === null ? [] : [`${closer.pid} (${closer.comm})`]),
    none: null,
    is: isId,
    write: String,
    test: { asks: 'socket', passes: (pid, { closer }) => closer?.pid === pid },
    probe: { tells: 'closer', condition: (pid) => `($who >> 32) == ${pid}` },
  } as const satisfies Filter<number | null>,
  localPorts: {
    options: [
      {
        name: 'lport',
        flags: '-L, --lport <ports>',
        help: 'only these local ports and ranges of ports, as 80,9000-9100',
        read: readPorts,
      },
    ],
    meta: 'local_ports',
    seen: ({ lport }) => [String(lport)],
    none: [],
    is: isPorts,
    write: portsText,
    metaText: portsText,
    test: { asks: 'socket', passes: (ports, { lport }) => hasPort(ports, lport) },
    probe: { tells: 'sock', condition: (ports) => inPorts('$inet->inet_sport', ports) },
  } as const satisfies Filter<readonly PortRange[]>,
  remotePorts: {
    options: [
      {
        name: 'dport',
        flags: '-D, --dport <ports>',
        help: 'only these remote ports and ranges of ports, as 80,9000-9100',
        read: readPorts,
      },
    ],
    meta: 'remote_ports',
    seen: ({ rport }) => (rport === null ? [] : [String(rport)]),
    none: [],
    is: isPorts,
    write: portsText,
    metaText: portsText,
    test: { asks: 'socket', passes: (ports, { rport }) => rport !== null && hasPort(ports, rport) },
    probe: { tells: 'sock', condition: (ports) => inPorts('$sk->__sk_common.skc_dport', ports) },
  } as const satisfies Filter<readonly PortRange[]>,
  family: {
    options: [
      { name: 'ipv4', flags: '-4, --ipv4', help: 'only IPv4', conflicts: 'ipv6', means: 'ipv4' },
      { name: 'ipv6', flags: '-6, --ipv6', help: 'only IPv6', means: 'ipv6' },
    ],
    meta: 'family',
    // There are two: none of the one are all of the other.
    seen: () => [],
    none: null,
    is: isFamily,
    write: () => '',
    test: { asks: 'socket', passes: (family, on) => on.family === family },
    probe: {
      tells: 'sock',
      condition: (family) => anyOf('$sk->__sk_common.skc_family', [family === 'ipv4' ? 2 : 10]),
    },
  } as const satisfies Filter<'ipv4' | 'ipv6' | null>,
  netns: {
    options: [
      {
        name: 'netns',
        flags: '--netns <inode>',
        help: 'only this network namespace: its inode, as lsns -t net has it',
        read: readNetns,
      },
    ],
    meta: 'netns',
    seen: ({ netns }) => [String(netns)],
    none: null,
    is: isId,
    write: String,
    test: { asks: 'socket', passes: (netns, on) => on.netns === netns },
    probe: { tells: 'sock', condition: (netns) => anyOf('$sk->__sk_common.skc_net.net->ns.inum', [netns]) },
  } as const satisfies Filter<number | null>,
  comm: {
    options: [
      {
        name: 'comm',
        flags: '--comm <name>',
        help: 'only sockets closed by a process of this name',
        read: readComm,
      },
    ],
    meta: 'comm',
    seen: ({ closer }) => (closer === null ? [] : [closer.comm]),
    none: null,
    is: isName,
    write: String,
    test: { asks: 'socket', passes: (comm, { closer }) => closer?.comm === comm },
    probe: { tells: 'closer', condition: (comm) => (PLAIN_COMM.test(comm) ? `$comm == "${comm}"` : null) },
  } as const satisfies Filter<string | null>,
  state: {
    options: [
      { name: 'state', flags: '--state <state>', help: 'only paths through this state, as FIN_WAIT1', read: readState },
    ],
    meta: 'state',
    seen: ({ wasIn }) => TCP_STATES.slice(1).filter((state) => wasIn(state)),
    none: null,
    is: isState,
    write: String,
    test: { asks: 'socket', passes: (state, { wasIn }) => wasIn(state) },
    probe: {
      tells: 'nothing',
      instead: 'finwait',
      because: 'a socket that is announced now may go through the state later',
    },
  } as const satisfies Filter<TcpState | null>,
  minAgeUs: {
    options: [
      {
        name: 'minAge',
        flags: '--min-age <time>',
        help: 'only sockets dying for at least this long; what dies sooner is counted in the kernel (10ms; trace: 0)',
        read: readDuration,
        toValue: (ms) => ms * 1000,
      },
    ],
    meta: 'min_age_us',
    seen: () => [],
    none: 0,
    is: isTime,
    write: (us) => `${us / 1000}ms`,
    test: { asks: 'age', passes: (least, dyingUs) => dyingUs === null || dyingUs >= least },
    probe: {
      tells: 'nothing',
      instead: 'parameter',
      because: 'they announce a socket once it has been dying for this long',
    },
  } as const satisfies Filter<number>,
};

type Table = typeof FILTERS;
type FilterName = keyof Table;
type Value<F> = F extends { is(value: unknown): value is infer T } ? T : never;
type Option = Table[FilterName]['options'][number];

/** The conditions that a socket must meet to be shown. The ledger is never filtered: it counts the whole host. */
export type PathFilter = { readonly [K in FilterName]: Value<Table[K]> };

/** The options of the filters, as commander leaves them. */
export type FilterOptions = {
  readonly [O in Option as O['name']]?: O extends { read(text: string): infer T } ? T : true;
};

/** The rows, by the names of their values in `PathFilter`. */
export const FILTER_ROWS: readonly (readonly [name: FilterName, filter: Filter])[] = Object.entries(FILTERS) as [];

/** Lets all sockets through. */
export const NO_FILTER: PathFilter = Object.fromEntries(
  FILTER_ROWS.map(([name, { none }]) => [name, none]),
) as PathFilter;
