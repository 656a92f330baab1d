import { TCP_STATES, type TcpState } from '../../src/kernel/tcp-state.ts';
import { encodeLine, type Values } from '../../src/wire/encode.ts';
import { type LoggedKind, type TcpMemory, VIA } from '../../src/wire/event.ts';
import type { Evidence } from '../../src/wire/evidence.ts';
import { HOLDER, SOCK } from '../../src/wire/evidence.ts';
import type { AnnounceFields as ParsedFields } from '../../src/wire/fields.ts';
import type { HostFacts } from '../../src/wire/host-facts.ts';
import { ownLine } from '../../src/wire/own-lines.ts';
import { type LineName, lineOf, WIRE_VERSION } from '../../src/wire/schema.ts';
import { aHostFacts } from './host-facts.ts';

/** Boot clock of the handshake: every `at` below is nanoseconds after it. */
export const BOOT = 1_000_000_000_123n;
export const SK = 'ffff888100000940';
export const COMM = 'nginx';

export const us = (value: number): number => value * 1000;
export const ms = (value: number): number => value * 1_000_000;
export const sec = (value: number): number => value * 1_000_000_000;

const boot = (at: number): bigint => BOOT + BigInt(at);
const state = (name: TcpState): number => TCP_STATES.indexOf(name);
const flag = (value: boolean | undefined): number => (value === true ? 1 : 0);

export const helloLine = (change: { version?: number | string; backend?: string; boot?: bigint; wall?: string } = {}) =>
  encodeLine('hello', {
    version: String(change.version ?? WIRE_VERSION),
    backend: change.backend ?? 'tracepoint',
    at: change.boot ?? BOOT,
    wall: change.wall ?? '1767225600.250000',
  });

/** @param settled - everything closed before it has been announced; not said where it is left out */
export const tickLine = (at: number, settled?: number, cpu?: number): string =>
  encodeLine('tick', {
    at: boot(at),
    settled: settled === undefined ? 0 : boot(settled),
    ...(cpu === undefined ? {} : { cpu: cpu + 1 }),
  });
/** The line says how far CPUs were when they were asked. @param newest - the time of each one's newest line */
export const progressLine = (at: number, newest: Readonly<Record<number, number>>): string =>
  encodeLine('progress', {
    at: boot(at),
    cpus: Object.entries(newest)
      .map(([cpu, until]) => `${(Number(cpu) + 1).toString(16)} ${boot(until).toString(16)}`)
      .join(' '),
  }).trimEnd();
export const pulseLine = (at: number, cpu: number): string => encodeLine('pulse', { at: boot(at), cpu: cpu + 1 });
export const byeLine = (at: number): string => encodeLine('bye', { at: boot(at) });

export type EvidenceFields = Partial<Omit<Evidence, 'context'>> & {
  /** The state that `skc_state` held. */
  readonly state?: TcpState;
  readonly shutdown?: number;
  readonly holder?: number;
  readonly own?: boolean;
  /** The CPU that printed it; not said where it is left out. */
  readonly cpu?: number;
};

/** The evidence of a sock in ESTABLISHED with everything sent and acknowledged. */
const evidenceValues = (on: EvidenceFields): Values => {
  const {
    state: inState = 'ESTABLISHED',
    shutdown = 3,
    holder = HOLDER.lastFput,
    own,
    cpu,
    writeSeq = 5000,
    ...rest
  } = on;
  return {
    sndUna: writeSeq,
    sndNxt: writeSeq,
    sndWnd: 65_535,
    rto: 51,
    ...given(rest, EVIDENCE_NAMES),
    writeSeq,
    state: state(inState),
    shutdown,
    holder,
    own: flag(own ?? true),
    ...(cpu === undefined ? {} : { cpu: cpu + 1 }),
  };
};

/** Names of the fields that a line has behind its time and address. */
const namesOf = (line: LineName): ReadonlySet<string> =>
  new Set(
    lineOf(line)
      .words.slice(2)
      .flatMap(({ fields }) => fields.map(({ name }) => name)),
  );
const EVIDENCE_NAMES = namesOf('retransmit');
const ANNOUNCE_NAMES = namesOf('announce');

/** The values that were given, by names of the schema. */
const given = (values: Readonly<Record<string, unknown>>, names: ReadonlySet<string>): Values =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      names.has(name) && (typeof value === 'number' || typeof value === 'bigint') ? [[name, value]] : [],
    ),
  );

/** A transition that the probe remembered from before the announcement. */
export type PastMove = {
  readonly at: number;
  readonly from: TcpState;
  readonly to: TcpState;
  readonly own?: boolean;
  readonly err?: number;
};

const moveValues = (name: string, move: PastMove | undefined): Values =>
  move === undefined
    ? {}
    : {
        [`${name}Us`]: boot(move.at) / 1000n,
        [`${name}From`]: state(move.from),
        [`${name}To`]: state(move.to),
        [`${name}Own`]: flag(move.own),
        [`${name}Err`]: move.err ?? 0,
      };

/** A field of an announcement by its name in the schema, and some that are easier said otherwise. */
export type AnnounceFields = EvidenceFields &
  Partial<Omit<ParsedFields, 'cgroupId' | 'cookie'>> & {
    readonly at?: number;
    readonly sk?: string;
    readonly via?: number;
    readonly cgroup?: bigint;
    readonly cookie?: bigint;
    readonly local?: string;
    readonly peer?: string;
    /** Oldest first; three at most. */
    readonly moves?: readonly PastMove[];
    /** 16 bytes, or text that is filled up with NULs. */
    readonly comm?: string | Uint8Array;
    /** Announced later than it was closed, in ESTABLISHED. */
    readonly deferred?: { readonly closedAt: number; readonly isFollowed?: boolean };
  };

export const PF_EXITING = 0x4;
export const PF_KTHREAD = 0x200000;

export const announceLine = (on: AnnounceFields = {}): string => {
  const isV6 = (on.local ?? '').includes(':');
  const local = on.local ?? '10.0.0.1';
  const peer = on.peer ?? (isV6 ? '2001:db8::2' : '10.0.0.2');
  const [h0, h1, h2] = [...(on.moves ?? [])].reverse();
  const pid = on.pid ?? 4242;
  const rcvNxt = on.rcvNxt ?? 9000;
  const via = on.via ?? VIA.last_fput;
  const sent = on.writeSeq ?? 5000;
  const values: Values = {
    copiedSeq: rcvNxt,
    finTimeout: 15_000,
    retries2: 15,
    dataSegsIn: 7,
    netns: 4_026_531_840,
    uid: 33,
    lport: 443,
    rport: 51_234,
    tid: pid,
    taskFlags: 0x400000,
    ...given(on, ANNOUNCE_NAMES),
    ...evidenceValues(on),
    at: boot(on.at ?? 0),
    sk: on.sk ?? SK,
    via,
    rcvNxt,
    cgroupId: on.cgroup ?? 5123n,
    cookie: on.cookie ?? 0n,
    family: isV6 ? 10 : 2,
    ...(isV6
      ? { ...ipv6Values('laddr', local), ...ipv6Values('raddr', peer) }
      : { laddr: ipv4Word(local), raddr: ipv4Word(peer) }),
    pid,
    ...moveValues('h0', h0),
    ...moveValues('h1', h1),
    ...moveValues('h2', h2),
    comm: commHex(on.comm ?? COMM),
  };
  if (on.deferred === undefined) return encodeLine('announce', values);
  return encodeLine('deferred', {
    ...values,
    closedAt: boot(on.deferred.closedAt),
    closeSndUna: on.sndUna ?? sent,
    closeSndNxt: on.sndNxt ?? sent,
    closeFrom: state('ESTABLISHED'),
    closeNotFollowed: flag(on.deferred.isFollowed === false),
  });
};

/** 16 bytes as bpftrace prints `%rh`. */
export const commHex = (comm: string | Uint8Array): string => {
  const bytes = new Uint8Array(16);
  bytes.set(typeof comm === 'string' ? new TextEncoder().encode(comm) : comm);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
};

type OnSock = { readonly at: number; readonly sk?: string };

export const setStateLine = (
  on: OnSock & EvidenceFields & { readonly from: TcpState; readonly to: TcpState },
): string =>
  encodeLine('set_state', {
    at: boot(on.at),
    sk: on.sk ?? SK,
    from: state(on.from),
    to: state(on.to),
    ...evidenceValues({ own: false, ...on, state: on.state ?? on.from }),
  });

export const retransmitLine = (on: OnSock & EvidenceFields): string =>
  encodeLine('retransmit', {
    at: boot(on.at),
    sk: on.sk ?? SK,
    ...evidenceValues({ own: false, holder: 0, ...on }),
  });

/** @param on - `told`: lines printed so far, the announcement included */
export const lookLine = (on: OnSock & EvidenceFields & { readonly cookie?: string; readonly told?: number }): string =>
  encodeLine('look', {
    at: boot(on.at),
    sk: on.sk ?? SK,
    ...evidenceValues({ own: false, holder: 0, ...on }),
    cookie: on.cookie ?? '0',
    told: on.told ?? 0,
  });

/** @param began - the time at which the pass began, ns after the handshake */
export const sweptLine = (at: number, began: number, left = 0): string =>
  encodeLine('swept', { at: boot(at), began: boot(began), watched: 1, left });

export const resetLine = (
  on: OnSock & {
    readonly sent: boolean;
    readonly state?: TcpState;
    readonly answersSegment?: boolean;
    readonly reason?: number | null;
    readonly dataSegsIn?: number;
  },
): string =>
  encodeLine('reset', {
    at: boot(on.at),
    sk: on.sk ?? SK,
    direction: on.sent ? 1 : 2,
    state: state(on.state ?? 'FIN_WAIT1'),
    answers: flag(on.answersSegment),
    reason: on.reason ?? 0xff,
    dataSegsIn: on.dataSegsIn ?? (on.sent ? 0 : 7),
  });

export const destroyLine = (
  on: OnSock & {
    readonly cookie?: bigint | string;
    readonly state?: TcpState;
    readonly err?: number;
    readonly own?: boolean;
    readonly flags?: number;
    /** Lines about it, its announcement included, and the time of that; if left out, the probe could not count. */
    readonly lines?: number;
    readonly announcedAt?: number;
    /** 1: tcp_max_tw_buckets was reached, 2: it is 0. */
    readonly tw?: number;
  },
): string =>
  encodeLine('destroy', {
    at: boot(on.at),
    sk: on.sk ?? SK,
    cookie: on.cookie ?? 77n,
    flags: on.flags ?? SOCK.DEAD,
    state: state(on.state ?? 'CLOSE'),
    shutdown: 3,
    holder: HOLDER.lastFput,
    own: flag(on.own),
    err: on.err ?? 0,
    tw: on.tw ?? 0,
    ...(on.lines === undefined ? {} : { announcedAt: boot(on.announcedAt ?? 0) >> 16n, lines: on.lines }),
  });

export const tallyLine = (
  at: number,
  count: number | bigint | string,
  on: {
    via?: number;
    exiting?: boolean;
    closedIn?: TcpState;
    lastFrom?: TcpState;
    err?: number;
    reset?: number;
    marks?: number;
    size?: number;
  } = {},
): string =>
  encodeLine('tally', {
    at: boot(at),
    via: on.via ?? VIA.last_fput,
    exiting: flag(on.exiting),
    closedIn: state(on.closedIn ?? 'ESTABLISHED'),
    lastFrom: state(on.lastFrom ?? 'LAST_ACK'),
    err: on.err ?? 0,
    reset: on.reset ?? 0,
    marks: on.marks ?? 0,
    size: on.size ?? 0,
    count,
  });

export type InventoryFields = {
  readonly netns?: number;
  readonly local?: string;
  readonly lport?: number;
  readonly peer?: string;
  readonly rport?: number;
  readonly state?: TcpState;
  /** The end of the line: kind, ms, probes. */
  readonly timer?: string;
};

export const inventoriedLine = (at: number, on: InventoryFields = {}): string => {
  const local = on.local ?? '10.0.0.1';
  return `i ${boot(at)} ${on.netns ?? 4_026_531_840} ${local.includes(':') ? 'ipv6' : 'ipv4'} ${local} ${on.lport ?? 443} ${on.peer ?? '10.0.0.2'} ${on.rport ?? 51_234} ${state(on.state ?? 'FIN_WAIT1')} 3 1448 ${on.timer ?? '1 800 0'}`;
};

/** A reading of the same orphan; `sysctls` are tcp_orphan_retries, tcp_retries2 and tcp_rto_max_ms. */
export type ReadFields = Omit<InventoryFields, 'timer'> & {
  readonly cookie?: number;
  readonly retransmits?: number;
  readonly txQueue?: number;
  readonly timer?: readonly [kind: number, ms: number, probesOut: number];
  readonly backoff?: number;
  readonly rtoMs?: number;
  readonly packetsOut?: number;
  readonly notSent?: number;
  readonly sndWnd?: number | null;
  readonly wmemQueued?: number;
  readonly cgroupId?: string | null;
  readonly sysctls?: readonly [number, number, number] | null;
};

export const orphanReadLine = (at: number, on: ReadFields = {}): string => {
  const local = on.local ?? '10.0.0.1';
  return ownLine.orphanRead(BOOT + BigInt(at), [
    ...[on.netns ?? 4_026_531_840, local.includes(':') ? 'ipv6' : 'ipv4', local, on.lport ?? 443],
    ...[on.peer ?? '10.0.0.2', on.rport ?? 51_234, state(on.state ?? 'FIN_WAIT1')],
    ...[on.cookie ?? 77, 1000, on.cgroupId === undefined ? '4242' : on.cgroupId],
    ...[on.retransmits ?? 3, on.txQueue ?? 1449, ...(on.timer ?? [1, 800, 0])],
    ...[on.backoff ?? 3, (on.rtoMs ?? 1600) * 1000, on.packetsOut ?? 1, on.notSent ?? 0],
    ...[on.sndWnd === undefined ? 65_536 : on.sndWnd, on.wmemQueued ?? 4096, 0, 1000, 2400, 2500],
    ...(on.sysctls === undefined ? [0, 15, 0] : (on.sysctls ?? [null, null, null])),
  ]);
};

export const inventoryEndLine = (at: number, on: { attachedAt?: number; unreadable?: number } = {}): string =>
  `e ${boot(at)} ${at - (on.attachedAt ?? 0)} 3 ${on.unreadable ?? 0}`;

/** The line that finwait 0.1 wrote, unless `memory` is given. */
export const sampleLine = (at: number, orphans: number, limit = 16_384, memory: TcpMemory | null = null): string =>
  ownLine.sample(BOOT + BigInt(at), orphans, limit, memory);
export const hostFactsLine = (at: number, facts: HostFacts = aHostFacts()): string =>
  ownLine.hostFacts(BOOT + BigInt(at), facts);
export const kernelLogLine = (
  at: number,
  on: {
    readonly before?: number;
    readonly about?: LoggedKind;
    readonly facility?: number;
    readonly text?: string;
  } = {},
): string =>
  ownLine.kernelLog(
    BOOT + BigInt(at),
    BigInt(on.before ?? 0),
    on.about ?? 'orphans',
    on.facility ?? 0,
    on.text ?? 'TCP: too many orphaned sockets',
  );
export const lostLine = (at: number, count: number, where = 'bpftrace'): string => `l ${boot(at)} ${count} ${where}`;
export const noticeLine = (at: number, text: string): string => `n ${boot(at)} ${text}`;

/** One good line of each kind but the handshake. */
export const oneOfEach = (): readonly string[] => [
  announceLine({ at: 1000 }),
  announceLine({ at: 1500, local: '2001:db8::1', peer: 'fe80::1:2' }),
  setStateLine({ at: 2000, from: 'FIN_WAIT1', to: 'FIN_WAIT2' }),
  retransmitLine({ at: 3000 }),
  resetLine({ at: 4000, sent: true, reason: 14 }),
  destroyLine({ at: 5000 }),
  tallyLine(6000, 12),
  tickLine(7000),
  byeLine(8000),
  inventoriedLine(9000),
  orphanReadLine(9500),
  inventoryEndLine(10_000),
  sampleLine(11_000, 5),
  hostFactsLine(11_500),
  kernelLogLine(11_700, { before: 200 }),
  lostLine(12_000, 7),
  noticeLine(13_000, 'a word'),
];

/** The bytes of an address as a little-endian machine loads them, four at a time. */
const littleEndian = (bytes: readonly number[]): number =>
  new DataView(Uint8Array.from(bytes).buffer).getUint32(0, true);

export const ipv4Word = (text: string): number => littleEndian(text.split('.').map(Number));

export const ipv6Bytes = (text: string): readonly number[] => {
  const [head = '', tail] = text.split('::');
  const groups = (part: string): readonly number[] =>
    part === '' ? [] : part.split(':').map((g) => Number.parseInt(g, 16));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
};

/** The four words of an address, as fields of the schema. */
const ipv6Values = (name: string, text: string): Values => {
  const bytes = ipv6Bytes(text);
  return Object.fromEntries([0, 1, 2, 3].map((i) => [`${name}${i}`, littleEndian(bytes.slice(4 * i, 4 * i + 4))]));
};
