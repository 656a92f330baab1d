import { readFileSync } from 'node:fs';
import { lacksCapability } from '../kernel/capabilities.ts';

/**
 * A sentence where /proc itself may hide processes: it is mounted with hidepid. A hidden process is not refused, it is
 * absent, so nobody can count it. Null where nothing is hidden.
 *
 * - `invisible` (2): processes that this one may not trace. CAP_SYS_PTRACE may trace all.
 * - `ptraceable` (4): the same, and no group is excepted.
 *
 * @param proc - where the processes are: /proc
 * @see Linux fs/proc/base.c, has_pid_permissions and proc_pid_readdir
 */
export const hiddenNote = (proc = '/proc', lacks: typeof lacksCapability = lacksCapability): string | null => {
  const option = hidepidOf(proc);
  if (option === null || !lacks('CAP_SYS_PTRACE')) return null;
  return `/proc is mounted with hidepid=${option}, and finwait lacks CAP_SYS_PTRACE: processes of others may be hidden, and cannot be asked for their sockets`;
};

/** The option that hides processes, as the kernel spells it; null where there is none. */
const hidepidOf = (proc: string): string | null => {
  let found: string | null = null;
  for (const line of mountsOf(proc).split('\n')) {
    const fields = line.split(' ');
    // The optional fields end at the dash: behind it are type, source and the options of the file system.
    const [type, , options = ''] = fields.slice(fields.indexOf('-') + 1);
    if (fields[4] !== '/proc' || type !== 'proc') continue;
    // The last one of several mounts on one place is seen.
    found = /(?:^|,)hidepid=(invisible|ptraceable|2|4)(?:,|$)/.exec(options)?.[1] ?? null;
  }
  return found;
};

const mountsOf = (proc: string): string => {
  try {
    return readFileSync(`${proc}/self/mountinfo`, 'utf8');
  } catch {
    return '';
  }
};
