import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import type { Check } from '../../../src/capture/checks.ts';
import { EXIT } from '../../../src/kernel/fault.ts';
import { FINWAIT } from '../../../test/e2e/finwait.ts';
import type { Privilege } from '../verdict.ts';

/** Surroundings in which finwait is run, and the words that `doctor` and `trace` must say there. */
type Case = {
  readonly name: string;
  /** A program and its arguments that run the command after them. Empty: the guest as it is. */
  readonly within: readonly string[];
  /** Lines of `doctor`: state, check, and parts of detail and fix. */
  readonly doctor: readonly RegExp[];
  /** Lines of `trace`. Both commands end with exit code 3. */
  readonly fault: readonly RegExp[];
};

const EMPTY = '/run/finwait-empty';
const hidden = (...paths: readonly string[]): readonly string[] => [
  ...['unshare', '--mount', '--propagation=private', 'sh', '-ec'],
  `${paths.map((path) => `mount --bind ${EMPTY} ${path}`).join('; ')}; exec "$@"`,
  'sh',
];
const without = (...names: readonly string[]): readonly string[] => [
  'setpriv',
  `--bounding-set=${names.map((name) => `-${name}`).join(',')}`,
  '--inh-caps=-all',
];
const NO_BPF = ['bpf', 'perfmon', 'sys_admin'];

const CASES: readonly Case[] = [
  {
    name: 'an unprivileged user',
    within: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'],
    doctor: [
      /^missing +privilege +not root, and lacks CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE\n.*fix: run finwait with sudo$/m,
      /^finwait cannot trace here/m,
    ],
    fault: [/finwait must run as root/, /why: .*CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE/, /try: sudo finwait/],
  },
  {
    name: 'root without CAP_BPF',
    within: without(...NO_BPF),
    doctor: [
      /^missing +privilege +root, and lacks CAP_BPF, CAP_PERFMON\n.*fix: .*--cap-add=BPF --cap-add=PERFMON$/m,
      /^finwait cannot trace here/m,
    ],
    fault: [/root lacks the capabilities to trace here/, /why: .*CAP_BPF/, /try: docker run --privileged/],
  },
  {
    // A stand-in: the kernel has BTF, but this mount namespace does not show it.
    name: 'no BTF',
    within: hidden('/sys/kernel/btf'),
    doctor: [
      /^missing +BTF +.*\(CONFIG_DEBUG_INFO_BTF\)\n.*fix: boot a kernel with BTF/m,
      /^finwait cannot trace here/m,
    ],
    fault: [/no backend can trace on this kernel/, /why: the kernel has no BTF/, /try: boot a kernel with BTF/],
  },
  {
    name: 'no tracefs',
    within: hidden('/sys/kernel/tracing', '/sys/kernel/debug'),
    doctor: [
      /^missing +tracefs +not mounted.*\n.*fix: mount -t tracefs nodev \/sys\/kernel\/tracing$/m,
      /^finwait cannot trace here/m,
    ],
    fault: [/no backend can trace on this kernel/, /why: tracefs is not mounted/, /try: mount -t tracefs/],
  },
];

/** Nothing can be traced after this case: a running kernel's lockdown can be raised, but never lowered. */
const CONFIDENTIAL: Case = {
  name: 'lockdown=confidentiality',
  within: [],
  doctor: [
    /^missing +lockdown +lockdown is confidentiality.*\n.*fix: boot with lockdown=integrity/m,
    /^finwait cannot trace here/m,
  ],
  fault: [/this kernel is locked down/, /why: lockdown is confidentiality/, /try: boot with lockdown=integrity/],
};
const LOCKDOWN_FILE = '/sys/kernel/security/lockdown';

const PATIENCE_MS = 90_000;

const run = async (within: readonly string[], ...args: readonly string[]) => {
  const [file = process.execPath, ...rest] = [...within, process.execPath, FINWAIT, ...args];
  return await execa(file, rest, {
    reject: false,
    stdin: 'ignore',
    timeout: PATIENCE_MS,
    env: { NO_COLOR: '1' },
  });
};

const judge = async ({ within, doctor, fault }: Case): Promise<readonly string[]> => {
  const [looked, traced] = await Promise.all([run(within, 'doctor'), run(within, 'trace', '--duration', '1s')]);
  const lacks = (text: string, from: string, patterns: readonly RegExp[]): readonly string[] =>
    patterns.filter((pattern) => !pattern.test(text)).map((pattern) => `${from} does not say ${pattern}: ${text}`);
  const isCode = (what: string, seen: number | undefined): readonly string[] =>
    seen === EXIT.cannotTrace ? [] : [`${what} ends with ${seen}, not ${EXIT.cannotTrace}`];
  return [
    ...isCode('doctor', looked.exitCode),
    ...lacks(looked.stdout, 'doctor', doctor),
    ...isCode('trace', traced.exitCode),
    ...lacks(traced.stderr, 'trace', fault),
  ];
};

/** Judges all cases but lockdown, where something is missing. Nothing of the guest changes. */
export const playPrivileges = async (): Promise<Readonly<Record<string, Privilege>>> => {
  mkdirSync(EMPTY, { recursive: true });
  const said = await Promise.all(
    CASES.map(async (one): Promise<[string, Privilege]> => [one.name, { skipped: null, wrong: await judge(one) }]),
  );
  return Object.fromEntries(said);
};

/** Raises the kernel's lockdown. @returns the reason when it cannot; null when it is done */
const lockDown = (level: string): string | null => {
  if (!existsSync(LOCKDOWN_FILE)) {
    execFileSync('mount', ['-t', 'securityfs', 'nodev', '/sys/kernel/security']);
  }
  if (!existsSync(LOCKDOWN_FILE)) return 'no CONFIG_SECURITY_LOCKDOWN_LSM';
  writeFileSync(LOCKDOWN_FILE, level);
  return readFileSync(LOCKDOWN_FILE, 'utf8').includes(`[${level}]`) ? null : 'the kernel did not take it';
};

/** Raises lockdown to integrity for the whole cell: it takes nothing from finwait. Call it before all else. */
export const lockDownIntegrity = (): Privilege => {
  const skipped = lockDown('integrity');
  return { skipped, wrong: [] };
};

/** Judges the line of `doctor` about lockdown=integrity. */
export const judgeIntegrity = (privilege: Privilege, checks: readonly Check[]): Privilege => {
  const { state, detail } = checks.find(({ name }) => name === 'lockdown') ?? {};
  const isTold = privilege.skipped !== null || (state === 'ok' && detail === 'integrity');
  return { ...privilege, wrong: isTold ? [] : [`doctor says ${state}: ${detail}`] };
};

/** Judges finwait under lockdown=confidentiality. Call it after all else. */
export const playConfidentiality = async (): Promise<Privilege> => {
  const skipped = lockDown('confidentiality');
  return { skipped, wrong: skipped === null ? await judge(CONFIDENTIAL) : [] };
};
