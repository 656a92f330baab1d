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

/** The reason why bpftrace ended before its handshake: its own words, and a command to try. */
export const attachFault = (backend: Backend, result: Outcome, messages: readonly string[]): Fault => {
  const said = messages.filter((text) => /error|failed|invalid|not |no handshake/i.test(text));
  const all = messages.join('\n');
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
