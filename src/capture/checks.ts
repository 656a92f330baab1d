import { existsSync } from 'node:fs';
import { Fault } from '../kernel/fault.ts';
import { findTracefs, surveyBackends } from './backend.ts';
import { findBpftrace, findProgram } from './bpftrace.ts';
import { loadBtf } from './btf.ts';
import { lackedCapabilities } from './capabilities.ts';

/** One thing that tracing needs, and how this machine stands to it. */
export type Check = {
  readonly name: string;
  /** `missing` stops finwait; `limited` only narrows what it can know. */
  readonly state: 'ok' | 'limited' | 'missing';
  readonly detail: string;
  /** A command that mends it; null where all is well or nothing can be done. */
  readonly fix: string | null;
};

/** Everything that `finwait doctor` looks at, in the order a person would mend it. Never throws. */
export const runChecks = async (): Promise<readonly Check[]> => {
  const btf = loadBtf();
  const survey = surveyBackends(btf);
  const chosen = survey.find((state) => state.isAvailable);
  return [
    checkPrivilege(),
    await checkBpftrace(),
    {
      name: 'BTF',
      state: btf === undefined ? 'missing' : 'ok',
      detail:
        btf === undefined
          ? '/sys/kernel/btf/vmlinux is not there or not readable (CONFIG_DEBUG_INFO_BTF)'
          : '/sys/kernel/btf/vmlinux is readable',
      fix: btf === undefined ? "boot a kernel with BTF, as Debian's, Ubuntu's and Fedora's are" : null,
    },
    checkTracefs(),
    ...checkTracepoints(),
    ...survey.map(
      (state): Check => ({
        name: `backend ${state.backend}`,
        state: state.isAvailable ? 'ok' : chosen === undefined ? 'missing' : 'limited',
        detail: state.reason,
        fix: null,
      }),
    ),
    {
      name: 'backend auto',
      state: chosen === undefined ? 'missing' : 'ok',
      detail: chosen === undefined ? 'none is available' : `takes ${chosen.backend}`,
      fix: null,
    },
    {
      name: 'reset reasons',
      state: btf?.has('tracepoint tcp:tcp_send_reset.reason') === true ? 'ok' : 'limited',
      detail:
        btf?.has('tracepoint tcp:tcp_send_reset.reason') === true
          ? 'tcp:tcp_send_reset says why'
          : 'tcp:tcp_send_reset gives no reason (before Linux 6.12): some endings stay unknown',
      fix: null,
    },
    await checkProgram('ss', 'iproute2', 'to look at a socket finwait names'),
    await checkProgram('ip', 'iproute2', 'to find a network namespace finwait names'),
    await checkProgram('nsenter', 'util-linux', 'to list orphans of namespaces without a process'),
    await checkProgram('setpriv', 'util-linux', 'to have the kernel stop bpftrace should finwait be killed'),
  ];
};

const checkPrivilege = (): Check => {
  const missing = lackedCapabilities();
  const isRoot = process.getuid?.() === 0;
  const who = isRoot ? 'root' : 'not root';
  return {
    name: 'privilege',
    state: missing.length === 0 ? 'ok' : 'missing',
    detail:
      missing.length > 0
        ? `${who}, and lacks ${missing.join(', ')}`
        : isRoot
          ? 'root'
          : 'not root, and has the capabilities',
    fix:
      missing.length === 0
        ? null
        : isRoot
          ? 'run the container with --privileged, or add these capabilities'
          : 'run finwait with sudo',
  };
};

const checkBpftrace = async (): Promise<Check> => {
  try {
    const { path, version } = await findBpftrace();
    return { name: 'bpftrace', state: 'ok', detail: `${version} at ${path}`, fix: null };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { name: 'bpftrace', state: 'missing', detail: error.message, fix: error.remedy };
  }
};

const checkTracefs = (): Check => {
  const path = findTracefs();
  return {
    name: 'tracefs',
    state: path === null ? 'missing' : 'ok',
    detail: path === null ? 'not mounted, or not readable by this user' : `mounted at ${path}`,
    fix: path === null ? 'mount -t tracefs nodev /sys/kernel/tracing' : null,
  };
};

const TRACEPOINTS = [
  'sock:inet_sock_set_state',
  'tcp:tcp_destroy_sock',
  'tcp:tcp_send_reset',
  'tcp:tcp_receive_reset',
  'tcp:tcp_retransmit_skb',
];

const checkTracepoints = (): readonly Check[] => {
  const tracefs = findTracefs();
  return TRACEPOINTS.map((name) => {
    const isThere = tracefs !== null && existsSync(`${tracefs}/events/${name.replace(':', '/')}`);
    return {
      name: `tracepoint ${name}`,
      state: isThere ? 'ok' : 'missing',
      detail: isThere ? 'there' : tracefs === null ? 'unknown without tracefs' : 'this kernel does not have it',
      fix: null,
    };
  });
};

const checkProgram = async (name: string, pkg: string, purpose: string): Promise<Check> => {
  const path = await findProgram(name);
  return {
    name,
    state: path === null ? 'limited' : 'ok',
    detail: path ?? `not found; wanted ${purpose}`,
    fix: path === null ? `apt-get install ${pkg}` : null,
  };
};
