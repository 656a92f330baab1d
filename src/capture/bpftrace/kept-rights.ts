/** Capabilities that anything here keeps, and their bits. @see Linux include/uapi/linux/capability.h */
const BITS = {
  dac_read_search: 2,
  setpcap: 8,
  ipc_lock: 14,
  sys_ptrace: 19,
  sys_admin: 21,
  sys_resource: 24,
  syslog: 34,
  perfmon: 38,
  bpf: 39,
} as const;
export type Kept = keyof typeof BITS;

/** The capabilities that bpftrace keeps of root's; docs/probes.md says what needs each. */
export const KEPT: readonly Kept[] = ['bpf', 'perfmon', 'sys_admin', 'sys_resource', 'dac_read_search', 'ipc_lock'];

/**
 * The capabilities that the reader keeps: all that bpftrace needs, since nobody can give what they lack, and those of
 * its own readings. docs/security.md says which needs each.
 */
export const READER_KEPT: readonly Kept[] = [...KEPT, 'sys_ptrace', 'syslog', 'setpcap'];

/** setpriv's options. */
export const keeping = (names: readonly Kept[]): readonly string[] => [
  '--no-new-privs',
  '--inh-caps=-all',
  `--bounding-set=-all,${names.map((name) => `+${name}`).join(',')}`,
];

export const maskOf = (names: readonly Kept[]): bigint =>
  names.reduce((mask, name) => mask | (1n << BigInt(BITS[name])), 0n);

/** True if a process can gain no rights. @param status - its /proc/PID/status */
export const isBound = (status: string): boolean => /^NoNewPrivs:\s*1$/m.test(status);

/** True if it has these capabilities at most, and can get no other. @param status - its /proc/PID/status */
export const keepsNoMore = (status: string, names: readonly Kept[]): boolean =>
  ['CapPrm', 'CapInh', 'CapBnd'].every((set) => {
    const mask = new RegExp(`^${set}:\\s*([0-9a-f]{16})$`, 'm').exec(status)?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & ~maskOf(names)) === 0n;
  });
