import { readFileSync } from 'node:fs';
import { EXIT, Fault } from '../../kernel/fault.ts';

/** Capabilities that tracing needs, by bit. @see Linux include/uapi/linux/capability.h */
const CAPABILITY = { CAP_SYS_PTRACE: 19, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;
export type Capability = keyof typeof CAPABILITY;

/** The tracing capabilities that a process lacks. @param status - /proc/PID/status; a text without CapEff lacks all */
export const missingCapabilities = (status: string): readonly Capability[] => {
  if (hasCapability(status, 'CAP_SYS_ADMIN')) return [];
  return (['CAP_BPF', 'CAP_PERFMON', 'CAP_SYS_PTRACE'] as const).filter((name) => !hasCapability(status, name));
};

/** @param status - /proc/PID/status; a text without CapEff has none */
export const hasCapability = (status: string, name: Capability): boolean => {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return ((effective >> BigInt(CAPABILITY[name])) & 1n) === 1n;
};

/** True if this very process lacks a capability; without /proc, root is believed to have it. */
export const lacksCapability = (name: Capability): boolean => {
  try {
    return !hasCapability(readFileSync('/proc/self/status', 'utf8'), name);
  } catch {
    return process.getuid?.() !== 0;
  }
};

/**
 * The capabilities that this very process lacks to load the probes. Root in a container lacks them too; without /proc,
 * root is believed.
 */
export const lackedCapabilities = (): readonly Capability[] => {
  try {
    return missingCapabilities(readFileSync('/proc/self/status', 'utf8'));
  } catch {
    return process.getuid?.() === 0 ? [] : missingCapabilities('');
  }
};

/** @throws Fault (exit 3) when this process may not trace */
export const checkCapabilities = (): void => {
  if (lackedCapabilities().length === 0) return;
  const isRoot = process.getuid?.() === 0;
  throw new Fault(isRoot ? 'root lacks the capabilities to trace here' : 'finwait must run as root', {
    why: 'loading probes into the kernel needs CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE (or CAP_SYS_ADMIN)',
    remedy: isRoot
      ? 'docker run --privileged …, or add these capabilities   (podman, Kubernetes alike)'
      : `sudo finwait …   (or look at a recording: 'finwait demo')`,
    exitCode: EXIT.cannotTrace,
  });
};
