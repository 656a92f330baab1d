import { accessSync, closeSync, constants, existsSync, openSync } from 'node:fs';
import type { Btf } from './btf.ts';

export const BACKENDS = ['fentry', 'kprobe', 'tracepoint'] as const;
export type Backend = (typeof BACKENDS)[number];

export type BackendState = {
  readonly backend: Backend;
  readonly isAvailable: boolean;
  /** The reason why it is or is not. */
  readonly reason: string;
};

/** The place where tracefs is mounted; null where it is not. */
export const findTracefs = (exists: (path: string) => boolean = existsSync): string | null =>
  ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].find((path) => exists(`${path}/events`)) ?? null;

/** True if tracefs may be mounted and this process may not look: on most hosts only root may. */
export const isTracefsShut = (): boolean =>
  findTracefs() === null && ['/sys/kernel/tracing/events', '/sys/kernel/debug/tracing/events'].some(isShut);

/** True if a file is there, or may be, and this process may not read it. */
export const isShut = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
  }
};

const canOpen = (path: string): boolean => {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch {
    return false;
  }
};

/**
 * The backends that this kernel can run, in the order of preference. It judges by what the kernel shows, not by its
 * version. Only attaching shows if they attach.
 *
 * @param btf - undefined where the kernel has none
 * @param exists - true if a path is there; for tests
 * @param opens - true if it can be opened, which lockdown may forbid even root; for tests
 * @param isHidden - true if this process may not look into tracefs; for tests
 */
export const surveyBackends = (
  btf: Btf | undefined,
  exists: (path: string) => boolean = existsSync,
  opens: (path: string) => boolean = canOpen,
  isHidden: () => boolean = isTracefsShut,
): readonly BackendState[] => {
  const tracefs = findTracefs(exists);
  if (tracefs === null) {
    const reason = isHidden() ? 'tracefs can be looked into by root alone' : 'tracefs is not mounted';
    return BACKENDS.map((backend) => ({ backend, isAvailable: false, reason }));
  }
  if (btf === undefined) {
    const reason = 'the kernel has no BTF (/sys/kernel/btf/vmlinux), so the layout of struct sock is unknown';
    return BACKENDS.map((backend) => ({ backend, isAvailable: false, reason }));
  }
  const hasFtrace = opens(`${tracefs}/available_filter_functions`);
  const hasKprobes = exists(`${tracefs}/kprobe_events`) || exists('/sys/bus/event_source/devices/kprobe');
  const missing = ['sock/inet_sock_set_state', 'tcp/tcp_destroy_sock'].filter(
    (event) => !exists(`${tracefs}/events/${event}`),
  );
  const canHook = btf.has('func tcp_set_state') && btf.has('func inet_csk_destroy_sock');
  return [
    {
      backend: 'fentry',
      isAvailable: hasFtrace && canHook,
      reason: !hasFtrace
        ? 'available_filter_functions cannot be opened: no function tracing (CONFIG_FPROBE), or lockdown'
        : canHook
          ? 'function tracing and BTF are there'
          : 'BTF does not list tcp_set_state and inet_csk_destroy_sock',
    },
    {
      backend: 'kprobe',
      isAvailable: hasKprobes,
      reason: hasKprobes
        ? 'CONFIG_KPROBE_EVENTS is there'
        : 'the kernel was built without kprobes (CONFIG_KPROBE_EVENTS)',
    },
    {
      backend: 'tracepoint',
      isAvailable: missing.length === 0,
      reason: missing.length === 0 ? 'the tracepoints are there' : `tracepoint ${missing.join(', ')} is missing`,
    },
  ];
};
