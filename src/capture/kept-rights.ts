/**
 * What bpftrace keeps of root's rights; docs/probes.md says what needs each.
 *
 * @see Linux include/uapi/linux/capability.h
 */
export const KEPT = ['bpf', 'perfmon', 'sys_admin', 'sys_resource', 'dac_read_search', 'ipc_lock'] as const;

/**
 * What the reader keeps: all that bpftrace needs, since nobody can give what they lack, and what its own readings need.
 * docs/security.md says which needs each.
 */
export const READER_KEPT = [...KEPT, 'sys_ptrace', 'syslog', 'net_admin', 'setpcap'] as const;

/** Options of setpriv. */
export const keeping = (names: readonly string[]): readonly string[] => [
  '--no-new-privs',
  '--inh-caps=-all',
  `--bounding-set=-all,${names.map((name) => `+${name}`).join(',')}`,
];
