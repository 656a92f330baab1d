import { swap16 } from '../../kernel/address.ts';

/** Which sockets the probes announce; what is null or empty lets all through. */
export type ProbeFilter = {
  readonly pid: number | null;
  readonly comm: string | null;
  readonly localPorts: readonly number[];
  readonly remotePorts: readonly number[];
  readonly family: 'ipv4' | 'ipv6' | null;
  /** Inode. */
  readonly netns: number | null;
};

/** Conditions in bpftrace's language. */
export type FilterText = {
  readonly all: string;
  /** For orphans whose close was not seen: nobody knows by whom it was. */
  readonly older: string;
};

/** What may stand in a string of bpftrace's as it is; a name with anything else is left to user space. */
const PLAIN_COMM = /^[\w .:@+/-]{1,15}$/;

/**
 * A filter as a probe has it. The variables are those of probes/parts/lazy: `$sk`, `$inet`, `$who` (pid above tid) and
 * `$comm`.
 *
 * @returns null where there is nothing that the probes could filter by
 */
export const filterText = (filter: ProbeFilter): FilterText | null => {
  const identity = [
    anyOf('$inet->inet_sport', filter.localPorts.map(swap16)),
    anyOf('$sk->__sk_common.skc_dport', filter.remotePorts.map(swap16)),
    anyOf('$sk->__sk_common.skc_family', filter.family === null ? [] : [filter.family === 'ipv4' ? 2 : 10]),
    anyOf('$sk->__sk_common.skc_net.net->ns.inum', filter.netns === null ? [] : [filter.netns]),
  ].filter((term) => term !== null);
  const closer = [
    ...(filter.pid === null ? [] : [`($who >> 32) == ${filter.pid}`]),
    ...(filter.comm === null || !PLAIN_COMM.test(filter.comm) ? [] : [`$comm == "${filter.comm}"`]),
  ];
  const all = [...identity, ...closer];
  if (all.length === 0) return null;
  return { all: all.join(' && '), older: closer.length > 0 ? '0' : identity.join(' && ') };
};

const anyOf = (what: string, values: readonly number[]): string | null =>
  values.length === 0 ? null : `(${values.map((value) => `${what} == ${value}`).join(' || ')})`;
