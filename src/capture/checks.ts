import { existsSync } from 'node:fs';
import { Fault } from '../kernel/fault.ts';
import { findProgram } from '../programs/find.ts';
import { findBpftrace, isOlder } from './bpftrace/bpftrace.ts';
import { findConfinement } from './bpftrace/confine.ts';
import { KEPT } from './bpftrace/kept-rights.ts';
import { type Backend, type BackendState, findTracefs, isTracefsShut, surveyBackends } from './kernel/backend.ts';
import { type Btf, loadBtf } from './kernel/btf.ts';
import { lackedCapabilities, lacksCapability } from './kernel/capabilities.ts';
import { LOCKDOWN_FIX, LOCKDOWN_WHY, type Lockdown, readLockdown } from './kernel/lockdown.ts';

/** One thing that tracing needs, and how this machine stands to it. */
export type Check = {
  readonly name: string;
  /** `missing` stops finwait; `limited` only narrows what it can know; at `unknown` this user may not look. */
  readonly state: 'ok' | 'limited' | 'missing' | 'unknown';
  readonly detail: string;
  /** A command that mends it; null where all is well or nothing can be done. */
  readonly fix: string | null;
};

/** Everything that `finwait doctor` looks at, and the backend that it answers for; null where none can trace. */
export type Checks = { readonly backend: Backend | null; readonly checks: readonly Check[] };

/**
 * Everything that `finwait doctor` looks at, in the order a person would mend it. Never throws.
 *
 * @param wanted the backend that is asked about; `auto`: the one that it takes
 */
export const runChecks = async (wanted: Backend | 'auto' = 'auto'): Promise<Checks> => {
  const btf = loadBtf();
  const survey = surveyBackends(btf);
  const backend = backendOf(survey, wanted);
  const bpftrace = await checkBpftrace();
  const isHidden = isTracefsShut();
  const checks: readonly Check[] = [
    checkPrivilege(),
    ...checksOfLacks(bpftrace.version),
    checkOfLockdown(readLockdown()),
    bpftrace.check,
    {
      name: 'BTF',
      state: btf === undefined ? 'missing' : 'ok',
      detail:
        btf === undefined
          ? '/sys/kernel/btf/vmlinux is not there or not readable (CONFIG_DEBUG_INFO_BTF)'
          : '/sys/kernel/btf/vmlinux is readable',
      fix: btf === undefined ? "boot a kernel with BTF, as Debian's, Ubuntu's and Fedora's are" : null,
    },
    checkTracefs(isHidden),
    ...checkTracepoints(isHidden),
    ...checksOfBackends(survey, wanted, isHidden),
    ...checksOfKnowledge(btf, backend),
    checkProgram('ss', 'iproute2', 'to list sockets fast beside many in TIME_WAIT, and to look at one finwait names'),
    checkProgram('ip', 'iproute2', 'to find a network namespace finwait names'),
    checkProgram('nsenter', 'util-linux', 'to list the orphans of namespaces other than its own'),
    await checkSetpriv(),
  ];
  return { backend, checks };
};

/** The backend that would trace; null where none can, or not the one that is wanted. */
const backendOf = (survey: readonly BackendState[], wanted: Backend | 'auto'): Backend | null =>
  survey.find(({ backend, isAvailable }) => isAvailable && (wanted === 'auto' || backend === wanted))?.backend ?? null;

/**
 * Each backend, and the one that `auto` takes. Only an obstacle to the wanted one counts as missing.
 *
 * @param isHidden true if this process may not look into tracefs, so that nothing is known of any
 */
export const checksOfBackends = (
  survey: readonly BackendState[],
  wanted: Backend | 'auto',
  isHidden = false,
): readonly Check[] => {
  const none: Check['state'] = isHidden ? 'unknown' : 'missing';
  const auto = backendOf(survey, 'auto');
  const isNeeded = (backend: Backend): boolean => backend === wanted || auto === null;
  return [
    ...survey.map(
      ({ backend, isAvailable, reason }): Check => ({
        name: `backend ${backend}`,
        state: isAvailable ? 'ok' : isNeeded(backend) ? none : 'limited',
        detail: reason,
        fix: null,
      }),
    ),
    {
      name: 'backend auto',
      state: auto === null ? none : 'ok',
      detail: auto === null ? (isHidden ? HIDDEN : 'none is available') : `takes ${auto}`,
      fix: null,
    },
  ];
};

export const checkOfLockdown = (level: Lockdown | null): Check => ({
  name: 'lockdown',
  state: level === 'confidentiality' ? 'missing' : 'ok',
  detail:
    level === 'confidentiality' ? LOCKDOWN_WHY : (level ?? 'not shown: there is no /sys/kernel/security/lockdown'),
  fix: level === 'confidentiality' ? LOCKDOWN_FIX : null,
});

/**
 * The things that finwait cannot know on this kernel, or in this backend.
 *
 * @param btf undefined where the kernel has none
 * @param backend null where it cannot trace
 */
export const checksOfKnowledge = (btf: Pick<Btf, 'has'> | undefined, backend: Backend | null): readonly Check[] => {
  const check = (name: string, isKnown: boolean, known: string, unknown: string): Check => ({
    name,
    state: isKnown ? 'ok' : 'limited',
    detail: isKnown ? known : unknown,
    fix: null,
  });
  const isCounting = btf?.has(COUNTS_SKIPPED) === true;
  return [
    check(
      'reset reasons',
      btf?.has('tracepoint tcp:tcp_send_reset.reason') === true,
      'tcp:tcp_send_reset says why',
      'tcp:tcp_send_reset gives no reason (before Linux 6.12): some endings stay unknown',
    ),
    check(
      'minisock resets',
      // Both came with one series of patches: the tracepoint before it is silent about a sk that is no full socket.
      btf?.has('tracepoint tcp:tcp_send_reset.reason') === true,
      'tcp:tcp_send_reset tells of a minisock in FIN_WAIT2 that resets data of the peer',
      'tcp:tcp_send_reset is silent about minisocks (before Linux 6.10): finwait does not know if one in FIN_WAIT2 resets data that comes after the close',
    ),
    check(
      'skipped probes',
      // It came with the same series as the count in trace_call_bpf(), which BTF does not show: it is inlined.
      backend === 'fentry' || (backend !== 'kprobe' && isCounting),
      'the kernel counts the probes that it skips: lost_events',
      isCounting
        ? "the kernel counts what it skips, but for a kprobe that is hit in another one's handler (nmissed): such a loss shows as drift only"
        : 'the kernel does not count what it skips of kprobes and tracepoints (before Linux 6.7): such a loss shows as drift only',
    ),
    check(
      'memory at a reset',
      backend !== 'tracepoint',
      'what a socket held when close() resets it is known',
      'the tracepoint backend comes too late for it: held_bytes of a socket that close() resets is null',
    ),
  ];
};

const HIDDEN = 'root alone may look into tracefs here';

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
          ? `docker run --privileged …, or ${missing.map((name) => `--cap-add=${name.slice('CAP_'.length)}`).join(' ')}`
          : 'run finwait with sudo',
  };
};

/**
 * Rights that finwait may start without. CAP_SYS_ADMIN does not stand for CAP_SYS_PTRACE, nor do the three that load
 * probes stand for CAP_SYS_ADMIN.
 *
 * @param version of bpftrace; null where there is none
 */
const checksOfLacks = (version: string | null): readonly Check[] => {
  if (lackedCapabilities().length > 0) return [];
  const lacks: Check[] = [];
  if (lacksCapability('CAP_SYS_PTRACE')) {
    lacks.push({
      name: 'CAP_SYS_PTRACE',
      state: 'limited',
      detail:
        'not here: who holds a socket is not known of processes that may not be asked, and namespaces that only they are in are not found',
      fix: 'docker run --privileged …, or --cap-add=SYS_PTRACE',
    });
  }
  if (lacksCapability('CAP_SYS_ADMIN')) {
    // Measured: 0.17 does not find the kernel's types without it.
    const isFatal = version !== null && isOlder(version, [0, 18]);
    lacks.push({
      name: 'CAP_SYS_ADMIN',
      state: isFatal ? 'missing' : 'limited',
      detail: `not here: bpftrace${isFatal ? ` ${version} cannot attach the probes` : ' may not attach the probes'} without it, and other network namespaces cannot be entered`,
      fix: 'docker run --privileged …, or --cap-add=SYS_ADMIN',
    });
  }
  return lacks;
};

const checkBpftrace = async (): Promise<{ readonly check: Check; readonly version: string | null }> => {
  try {
    const { path, version } = await findBpftrace();
    return { check: { name: 'bpftrace', state: 'ok', detail: `${version} at ${path}`, fix: null }, version };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { check: faulty('bpftrace', error), version: null };
  }
};

const checkTracefs = (isHidden: boolean): Check => {
  const path = findTracefs();
  if (isHidden) return { name: 'tracefs', state: 'unknown', detail: HIDDEN, fix: 'sudo finwait doctor' };
  return {
    name: 'tracefs',
    state: path === null ? 'missing' : 'ok',
    detail: path === null ? 'not mounted' : `mounted at ${path}`,
    fix: path === null ? 'mount -t tracefs nodev /sys/kernel/tracing' : null,
  };
};

/** @see Linux 6.7 include/linux/trace_events.h, trace_call_bpf; bpf_prog_inc_misses_counters */
const COUNTS_SKIPPED = 'struct bpf_link_info.perf_event.kprobe.missed';

const TRACEPOINTS = [
  'sock:inet_sock_set_state',
  'tcp:tcp_destroy_sock',
  'tcp:tcp_send_reset',
  'tcp:tcp_receive_reset',
  'tcp:tcp_retransmit_skb',
];

const checkTracepoints = (isHidden: boolean): readonly Check[] => {
  const tracefs = findTracefs();
  return TRACEPOINTS.map((name) => {
    const isThere = tracefs !== null && existsSync(`${tracefs}/events/${name.replace(':', '/')}`);
    return {
      name: `tracepoint ${name}`,
      state: isThere ? 'ok' : isHidden ? 'unknown' : 'missing',
      detail: isThere
        ? 'there'
        : isHidden
          ? HIDDEN
          : tracefs === null
            ? 'unknown without tracefs'
            : 'this kernel does not have it',
      fix: null,
    };
  });
};

const checkProgram = (name: string, pkg: string, purpose: string): Check => {
  try {
    const path = findProgram(name);
    return {
      name,
      state: path === null ? 'limited' : 'ok',
      detail: path ?? `not found; wanted ${purpose}`,
      fix: path === null ? `apt-get install ${pkg}` : null,
    };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return faulty(name, error);
  }
};

const checkSetpriv = async (): Promise<Check> => {
  const check = checkProgram(
    'setpriv',
    'util-linux',
    'to have the kernel stop bpftrace should finwait be killed, and to take from bpftrace the rights it does not need',
  );
  if (check.state !== 'ok') return check;
  if (process.geteuid?.() !== 0) {
    const detail = `${check.detail}; which rights it can take from bpftrace shows only when root runs finwait`;
    return { ...check, state: 'unknown', detail, fix: 'sudo finwait doctor' };
  }
  const { lacks } = await findConfinement();
  return lacks === null
    ? { ...check, detail: `${check.detail}; bpftrace can gain no rights, and keeps ${KEPT.join(', ')} alone` }
    : { ...check, state: 'limited', detail: `${check.detail}; ${lacks}`, fix: 'apt-get install util-linux' };
};

/** A program that is there and is not run stops finwait. */
const faulty = (name: string, { message, why, remedy }: Fault): Check => ({
  name,
  state: 'missing',
  detail: `${message}: ${why}`,
  fix: remedy,
});
