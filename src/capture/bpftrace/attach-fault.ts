import { constants } from 'node:os';
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

const ERROR = /\b(?:error|fatal|assertion|terminate called|failed|abort|exception)/i;
/** bpftrace warns of what it goes on with: a warning is no reason for its end. */
const WARNING = /\bwarning\b|map (?:is )?full/i;

/**
 * The fault of a bpftrace that ended although nobody asked it to.
 *
 * @param messages - its own words, oldest first. Those of a killed one are no reason: a signal leaves it no time to say one
 */
export const endedFault = (result: Outcome, messages: readonly string[]): Fault => {
  const said = messages.filter((text) => !WARNING.test(text));
  const error = said.findLast((text) => ERROR.test(text));
  const { signal } = result;
  const why =
    signal === undefined
      ? (error ?? said.at(-1) ?? 'it said nothing; events after that moment are not known')
      : `${signalWords(signal)} killed it, so it said no reason; events after that moment are not known${error === undefined ? '' : `; its last error before: ${error}`}`;
  return new Fault(`bpftrace ended by itself (${howItEnded(result)})`, {
    why,
    remedy: 'dmesg | tail   (the OOM killer?), then start finwait again',
    exitCode: EXIT.failed,
  });
};

/** `signal 9 (SIGKILL)`; the name alone where this machine has no number for it. */
const signalWords = (name: string): string => {
  const number = Object.entries(constants.signals).find(([each]) => each === name)?.[1];
  return number === undefined ? `the signal ${name}` : `signal ${number} (${name})`;
};

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
