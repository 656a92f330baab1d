import { EXIT, Fault } from '../../kernel/fault.ts';
import type { Backend } from '../kernel/backend.ts';

/** The end of a child process. */
export type Outcome = {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly failed: boolean;
};

export const howItEnded = (result: Outcome): string =>
  result.signal === undefined ? `exit code ${result.exitCode ?? 'unknown'}` : `killed by ${result.signal}`;

/** bpftrace's words where a right is missing; for a kernel type that it may not look up it has a compiler's. */
const FOR_WANT_OF_A_RIGHT =
  /Operation not permitted|EPERM|incomplete type|unknown type|Unknown struct|Permission denied/i;

/**
 * The reason why bpftrace ended before its handshake: its own words, and a command to try.
 *
 * @param lacksAdmin true if finwait has no CAP_SYS_ADMIN to give to bpftrace
 */
export const attachFault = (
  backend: Backend,
  result: Outcome,
  messages: readonly string[],
  lacksAdmin: boolean,
): Fault => {
  const said = messages.filter((text) => /error|failed|invalid|not |no handshake/i.test(text));
  const all = messages.join('\n');
  if (lacksAdmin && FOR_WANT_OF_A_RIGHT.test(all)) {
    return new Fault('bpftrace could not attach the probes: CAP_SYS_ADMIN is missing', {
      why: "bpftrace needs that capability to look up the kernel's types, and finwait has it not to give",
      remedy:
        'docker run --privileged …, or --cap-add=SYS_ADMIN   (podman, Kubernetes alike); not in a container: sudo finwait …',
      exitCode: EXIT.cannotTrace,
    });
  }
  const remedy = /Operation not permitted|EPERM/.test(all)
    ? 'run as root; in a container add CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE'
    : backend !== 'tracepoint' &&
        /does not contain a field|Unknown struct|tracepoint not found|No probes to attach/i.test(all)
      ? 'try another backend: --backend tracepoint'
      : 'finwait doctor';
  return new Fault(`bpftrace could not attach the ${backend} probes (${howItEnded(result)})`, {
    why: (said.length > 0 ? said : messages).slice(0, 3).join(' | ') || 'it ended without a word',
    remedy,
    exitCode: EXIT.cannotTrace,
  });
};
