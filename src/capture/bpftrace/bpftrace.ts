import { EXIT, Fault } from '../../kernel/fault.ts';
import { findProgram } from '../../programs/find.ts';
import { startProgram } from '../../programs/start.ts';
import { findConfinement } from './confine.ts';

const INSTALL = 'apt-get install bpftrace   (Fedora: dnf install bpftrace)';
/** Oldest bpftrace whose language the probes keep to: Debian 12's. */
const OLDEST: readonly [number, number] = [0, 17];
/** Kernel memory for all per-CPU event buffers together. */
const BUFFER_BYTES = 128 * 1024 * 1024;
const PAGE_BYTES = 4096;

/** `bpftrace v0.17.0` → `0.17.0`; null for anything else. */
export const parseBpftraceVersion = (text: string): string | null =>
  /^bpftrace v?(\d+\.\d+(?:\.\d+)?)/m.exec(text)?.[1] ?? null;

export type BpftraceProgram = {
  readonly path: string;
  readonly version: string;
  /** The program and arguments that confine it, to stand before its path; empty where none can. */
  readonly within: readonly string[];
};

/**
 * bpftrace as installed.
 *
 * @param confining - the program and arguments that confine it; found by trying where they are not given
 * @throws Fault (exit 3) when it is missing, does not run, is too old, or may be somebody else's
 */
export const findBpftrace = async (confining?: readonly string[]): Promise<BpftraceProgram> => {
  const why = 'finwait loads its probes into the kernel with bpftrace';
  const path = findProgram('bpftrace');
  if (path === null) {
    throw new Fault('bpftrace is not installed', { why, remedy: INSTALL, exitCode: EXIT.cannotTrace });
  }
  const within = confining ?? (await findConfinement()).command;
  const [file = path, ...args] = [...within, path, '--version'];
  const result = await startProgram(file, args, { reject: false, timeout: 60_000 });
  const version = parseBpftraceVersion(`${result.stdout}\n${result.stderr}`);
  if (version === null) {
    throw new Fault(`${path} --version says nothing finwait understands`, {
      why,
      remedy: `run '${path} --version' by hand; reinstall it: ${INSTALL}`,
      exitCode: EXIT.cannotTrace,
    });
  }
  if (isOlder(version, OLDEST)) {
    throw new Fault(`bpftrace ${version} is too old: finwait needs ${OLDEST.join('.')} or newer`, {
      why: 'older ones cannot read struct sock by BTF in tracepoints',
      remedy: INSTALL,
      exitCode: EXIT.cannotTrace,
    });
  }
  return { path, version, within };
};

/** @param version - as 0.17.0 */
export const isOlder = (version: string, than: readonly [number, number]): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < than[0] || (major === than[0] && minor < than[1]);
};

/**
 * Bytes of a line that bpftrace builds on the stack; 0.27 ends in an assertion where more is asked for. All lines but A are
 * shorter. A lines stay in the buffer, so all of them have one layout: where one interrupts another, it comes twice, and
 * the tracker drops the second.
 */
const ON_STACK_BYTES = 256;

/**
 * A script whose lines are built on the BPF stack, as 0.17 builds them. From 0.22 on bpftrace has one buffer a CPU for
 * the arguments of every printf instead, and Linux lets one fentry program interrupt another: the two lines then mix.
 *
 * @param script - with a first line that may go; line numbers stay
 * @see bpftrace src/ast/irbuilderbpf.cpp, CreateGetFmtStringArgsAllocation; its setting on_stack_limit
 */
export const onStack = (script: string, version: string): string =>
  isOlder(version, [0, 22]) ? script : script.replace(/^#!.*/, `config = { on_stack_limit = ${ON_STACK_BYTES} }`);

/**
 * The time in ms by which its events may be displaced. Perf buffers (before 0.23, to be safe) are read one CPU after
 * the other; the ring buffer is one for all CPUs. Measured in docs/measurements.md.
 */
export const reorderWindowMs = (version: string): number => (isOlder(version, [0, 23]) ? 250 : 5);

/** Sockets that a map of the probes holds, whatever the host; a map is allocated whole, about 88 bytes each. */
const MAP_KEYS = { least: 1 << 16, most: 1 << 19 } as const;

/**
 * Sockets that each map of the probes holds: more than tcp_max_orphans do not die slowly at once, and the rings of all
 * CPUs have their places.
 *
 * @param cpus - of the host
 * @param maxOrphans - tcp_max_orphans
 */
export const mapKeys = (cpus: number, maxOrphans: number): number =>
  Math.max(MAP_KEYS.least, RING_SLOTS.least * cpus, Math.min(MAP_KEYS.most, maxOrphans));

/**
 * Closes that wait on one CPU to be announced; a power of two. Each CPU looks through them two hundred times a second.
 */
const RING_SLOTS = { least: 256, most: 8192 } as const;

/**
 * The parameters of a deferred probe: the age in ns, the mask of a ring that fits its map, and the mask of the
 * numbers that CPUs have.
 *
 * @param minAgeMs - the time that a socket has been dying when it is announced, ms; more than 0
 * @param cpus - of the host, not only those that finwait may run on
 * @param keys - places of each map: all rings together have no more, so what waits in one has its place in every map
 */
export const deferredParams = (minAgeMs: number, cpus: number, keys: number): readonly string[] => {
  const room = 2 ** Math.floor(Math.log2(keys / cpus));
  const slots = Math.max(1, Math.min(RING_SLOTS.most, room));
  const numbers = 2 ** Math.ceil(Math.log2(cpus));
  return [String(Math.max(1, Math.round(minAgeMs * 1e6))), String(slots - 1), String(numbers - 1)];
};

/**
 * The environment that bpftrace is started with: buffers and maps that fit this host.
 *
 * @param cpus - each has a buffer of its own
 * @param keys - places of each map
 */
export const bpftraceEnv = (cpus: number, keys: number): Record<string, string> => {
  const pages = 2 ** Math.floor(Math.log2(BUFFER_BYTES / PAGE_BYTES / cpus));
  return {
    BPFTRACE_PERF_RB_PAGES: String(Math.max(64, Math.min(4096, pages))),
    // One name up to 0.20, the other from 0.21; each ignores the other's.
    BPFTRACE_MAP_KEYS_MAX: String(keys),
    BPFTRACE_MAX_MAP_KEYS: String(keys),
  };
};

/** The meaning of a line of bpftrace's own, on stdout or stderr, for the capture. */
export type Chatter =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'lost'; readonly count: number }
  /** `at`: the line of the script that it was about, where that is said. */
  | { readonly kind: 'map_full'; readonly text: string; readonly at: number | null }
  | { readonly kind: 'message'; readonly text: string };

/** A warning about a helper's return code, of 0.23 and later: it quotes the script in the lines below it. */
const HELPER_WARNING = /^\S+:\d+:\d+(?:-\d+)?: WARNING: (?:Can't|Failed|Map full)/;
/** The lines that it quotes: the helper's name, the line of the script, and a mark below it. */
const QUOTED_LINES = 3;

/** Reads bpftrace's own words, on one of its streams, line by line. */
export const createChatterReader = (): ((line: string) => Chatter) => {
  let quoted = 0;
  return (line) => {
    if (HELPER_WARNING.test(line)) {
      quoted = QUOTED_LINES;
      // A socket that was destroyed while its CPU looked through the ring has been taken out already.
      if (line.includes("Can't delete")) return { kind: 'nothing' };
    } else if (quoted > 0) {
      quoted--;
      return { kind: 'nothing' };
    }
    return readChatter(line);
  };
};

/** Reads the meaning of a line of its own; knows both wordings of lost events. */
export const readChatter = (line: string): Chatter => {
  const text = line.trim();
  const lost = /\blost (\d+) events?\b/i.exec(text);
  if (lost !== null) return { kind: 'lost', count: Number(lost[1]) };
  if (/map (is )?full|can't update element|No space left on device|Argument list too long/i.test(text)) {
    const at = /^[\w.-]{1,100}:(\d{1,6}):/.exec(text)?.[1];
    return { kind: 'map_full', text, at: at === undefined ? null : Number(at) };
  }
  const isNoise =
    text === '' ||
    /^Attach(ing|ed) \d+ probes?/.test(text) ||
    /RLIMIT_MEMLOCK/.test(text) ||
    /available_filter_functions/.test(text) ||
    /Unnecessary cast|Return value discarded|Unexpected type cast/.test(text);
  return isNoise ? { kind: 'nothing' } : { kind: 'message', text };
};
