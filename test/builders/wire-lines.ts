import { TCP_STATES, type TcpState } from '../../src/kernel/tcp-state.ts';
import { type LoggedKind, type TcpMemory, VIA } from '../../src/wire/event.ts';
import type { Evidence } from '../../src/wire/evidence.ts';
import { HOLDER, NOT_FOLLOWED } from '../../src/wire/evidence.ts';
import type { HostFacts } from '../../src/wire/host-facts.ts';
import { ownLine } from '../../src/wire/own-lines.ts';
import { aHostFacts } from './host-facts.ts';

/** Boot clock of the handshake: every `at` below is nanoseconds after it. */
export const BOOT = 1_000_000_000_123n;
export const SK = 'ffff888100000940';
export const COMM = 'nginx';

export const us = (value: number): number => value * 1000;
export const ms = (value: number): number => value * 1_000_000;
export const sec = (value: number): number => value * 1_000_000_000;

const boot = (at: number): string => String(BOOT + BigInt(at));
const hex = (value: number | bigint): string => value.toString(16);
const state = (name: TcpState): number => TCP_STATES.indexOf(name);
const pair = (high: number, low: number): string => hex((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));

export const helloLine = (change: { version?: number | string; backend?: string; boot?: bigint; wall?: string } = {}) =>
  `H ${change.version ?? 1} ${change.backend ?? 'tracepoint'} ${change.boot ?? BOOT} ${change.wall ?? '1767225600.250000'}`;

export const tickLine = (at: number): string => `C ${boot(at)}`;
export const byeLine = (at: number): string => `Z ${boot(at)}`;

export type EvidenceFields = Partial<Omit<Evidence, 'context'>> & {
  /** The state that `skc_state` held. */
  readonly state?: TcpState;
  readonly shutdown?: number;
  readonly holder?: number;
  readonly own?: boolean;
};

/** What a sock in ESTABLISHED with everything sent and acknowledged shows. */
const packEvidence = (on: EvidenceFields): string => {
  const context =
    (state(on.state ?? 'ESTABLISHED') << 8) |
    ((on.shutdown ?? 3) << 6) |
    ((on.holder ?? HOLDER.lastFput) << 2) |
    (on.own === false ? 0 : 1);
  const writeSeq = on.writeSeq ?? 5000;
  const timers =
    ((on.pending ?? 0) << 24) | ((on.icskRetransmits ?? 0) << 16) | ((on.backoff ?? 0) << 8) | (on.probesOut ?? 0);
  return [
    pair(on.flags ?? 0, context),
    pair(((on.err ?? 0) << 16) | (on.errSoft ?? 0), timers),
    pair(writeSeq, on.sndUna ?? writeSeq),
    pair(on.sndNxt ?? writeSeq, on.sndWnd ?? 65_535),
    pair(on.rto ?? 51, on.packetsOut ?? 0),
    pair(on.rtoTimer ?? 0, on.skTimer ?? 0),
    pair(on.wmemQueued ?? 0, on.rmemAlloc ?? 0),
    pair(on.forwardAlloc ?? 0, on.retransStamp ?? 0),
  ].join(' ');
};

/** A transition that the probe remembered from before the announcement. */
export type PastMove = {
  readonly at: number;
  readonly from: TcpState;
  readonly to: TcpState;
  readonly own?: boolean;
  readonly err?: number;
};

const packMove = (move: PastMove): string =>
  hex(
    (((BOOT + BigInt(move.at)) / 1000n) << 16n) |
      BigInt((state(move.from) << 12) | (state(move.to) << 8) | (move.own === true ? 0x80 : 0) | (move.err ?? 0)),
  );

export type AnnounceFields = EvidenceFields & {
  readonly at?: number;
  readonly sk?: string;
  readonly via?: number;
  readonly rcvNxt?: number;
  readonly copiedSeq?: number;
  readonly userTimeoutMs?: number;
  readonly lingerTime?: number;
  readonly linger2?: number;
  readonly rtoMax?: number;
  readonly finTimeout?: number;
  readonly retries2?: number;
  readonly orphanRetries?: number;
  readonly dataSegsIn?: number;
  readonly netns?: number;
  readonly uid?: number;
  readonly mark?: number;
  readonly cgroup?: bigint;
  readonly cookie?: bigint;
  readonly local?: string;
  readonly lport?: number;
  readonly peer?: string;
  readonly rport?: number;
  readonly pid?: number;
  readonly tid?: number;
  readonly taskFlags?: number;
  readonly exitCode?: number;
  /** Oldest first; three at most. */
  readonly moves?: readonly PastMove[];
  /** 16 bytes, or text that is filled up with NULs. */
  readonly comm?: string | Uint8Array;
  /** Announced later than it was closed, in ESTABLISHED. */
  readonly late?: { readonly closedAt: number; readonly isFollowed?: boolean };
};

export const PF_EXITING = 0x4;
export const PF_KTHREAD = 0x200000;

export const announceLine = (on: AnnounceFields = {}): string => {
  const isV6 = (on.local ?? '').includes(':');
  const local = on.local ?? '10.0.0.1';
  const peer = on.peer ?? (isV6 ? '2001:db8::2' : '10.0.0.2');
  const [l0, l1] = isV6 ? ipv6Words(local) : ['0', '0'];
  const [r0, r1] = isV6 ? ipv6Words(peer) : ['0', '0'];
  const moves = [...(on.moves ?? [])].reverse().map(packMove);
  const pid = on.pid ?? 4242;
  const via = on.via ?? VIA.last_fput;
  const sent = pair(on.sndUna ?? on.writeSeq ?? 5000, on.sndNxt ?? on.writeSeq ?? 5000);
  return [
    on.late === undefined ? 'A' : 'L',
    boot(on.at ?? 0),
    on.sk ?? SK,
    hex(via),
    packEvidence(on),
    pair(on.rcvNxt ?? 9000, on.copiedSeq ?? on.rcvNxt ?? 9000),
    pair(on.userTimeoutMs ?? 0, on.lingerTime ?? 0),
    pair(on.linger2 ?? 0, on.rtoMax ?? 0),
    pair(0, 0),
    pair(
      ((on.retries2 ?? 15) << 24) | (on.finTimeout ?? 15_000),
      ((on.orphanRetries ?? 0) << 24) | (on.dataSegsIn ?? 7),
    ),
    hex(on.netns ?? 4_026_531_840),
    pair(on.uid ?? 33, on.mark ?? 0),
    hex(on.cgroup ?? 5123n),
    hex(on.cookie ?? 0n),
    hex((BigInt(isV6 ? 10 : 2) << 32n) | BigInt(((swap(on.lport ?? 443) << 16) | swap(on.rport ?? 51_234)) >>> 0)),
    isV6 ? '0' : pair(ipv4Word(local), ipv4Word(peer)),
    l0,
    l1,
    r0,
    r1,
    pair(pid, on.tid ?? pid),
    hex(on.taskFlags ?? 0x400000),
    hex(on.exitCode ?? 0),
    moves[0] ?? '0',
    moves[1] ?? '0',
    moves[2] ?? '0',
    ...(on.late === undefined
      ? []
      : [
          hex(BOOT + BigInt(on.late.closedAt)),
          sent,
          hex((on.late.isFollowed === false ? NOT_FOLLOWED : 0) | (via << 16) | (state('ESTABLISHED') << 4)),
        ]),
    commHex(on.comm ?? COMM),
  ].join(' ');
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
  `S ${boot(on.at)} ${on.sk ?? SK} ${hex(state(on.from))} ${hex(state(on.to))} ${packEvidence({ own: false, ...on, state: on.state ?? on.from })}`;

export const retransmitLine = (on: OnSock & EvidenceFields): string =>
  `R ${boot(on.at)} ${on.sk ?? SK} ${packEvidence({ own: false, holder: 0, ...on })}`;

export const resetLine = (
  on: OnSock & {
    readonly sent: boolean;
    readonly state?: TcpState;
    readonly answersSegment?: boolean;
    readonly reason?: number | null;
    readonly dataSegsIn?: number;
  },
): string =>
  `X ${boot(on.at)} ${on.sk ?? SK} ${on.sent ? 1 : 2} ${hex(state(on.state ?? 'FIN_WAIT1'))} ${on.answersSegment === true ? 1 : 0} ${hex(on.reason ?? 0xff)} ${hex(on.dataSegsIn ?? (on.sent ? 0 : 7))}`;

export const destroyLine = (
  on: OnSock & {
    readonly cookie?: bigint | string;
    readonly state?: TcpState;
    readonly err?: number;
    readonly own?: boolean;
    /** Lines about it, its announcement included, and when that was; left out, the probe could not count. */
    readonly lines?: number;
    readonly announcedAt?: number;
  },
): string => {
  const cookie = typeof on.cookie === 'string' ? on.cookie : hex(on.cookie ?? 77n);
  const [e0, e1] = packEvidence({ state: on.state ?? 'CLOSE', err: on.err ?? 0, own: on.own ?? false, flags: 1 }).split(
    ' ',
  );
  return `D ${boot(on.at)} ${on.sk ?? SK} ${cookie} ${e0} ${e1} ${hex(on.lines === undefined ? 0 : (((BOOT + BigInt(on.announcedAt ?? 0)) >> 16n) << 16n) | BigInt(on.lines))}`;
};

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
  `T ${boot(at)} ${hex(on.via ?? VIA.last_fput)} ${on.exiting === true ? 1 : 0} ${hex(state(on.closedIn ?? 'ESTABLISHED'))} ${hex(state(on.lastFrom ?? 'LAST_ACK'))} ${hex(on.err ?? 0)} ${hex(on.reset ?? 0)} ${hex(on.marks ?? 0)} ${hex(on.size ?? 0)} ${count}`;

export type InventoryFields = {
  readonly netns?: number;
  readonly local?: string;
  readonly lport?: number;
  readonly peer?: string;
  readonly rport?: number;
  readonly state?: TcpState;
  /** As the line ends: kind, ms, probes. */
  readonly timer?: string;
};

export const inventoriedLine = (at: number, on: InventoryFields = {}): string => {
  const local = on.local ?? '10.0.0.1';
  return `i ${boot(at)} ${on.netns ?? 4_026_531_840} ${local.includes(':') ? 'ipv6' : 'ipv4'} ${local} ${on.lport ?? 443} ${on.peer ?? '10.0.0.2'} ${on.rport ?? 51_234} ${state(on.state ?? 'FIN_WAIT1')} 3 1448 ${on.timer ?? '1 800 0'}`;
};

export const inventoryEndLine = (at: number, on: { attachedAt?: number; unreadable?: number } = {}): string =>
  `e ${boot(at)} ${at - (on.attachedAt ?? 0)} 3 ${on.unreadable ?? 0}`;

/** As finwait 0.1 wrote it, unless `memory` is given. */
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
  inventoryEndLine(10_000),
  sampleLine(11_000, 5),
  hostFactsLine(11_500),
  kernelLogLine(11_700, { before: 200 }),
  lostLine(12_000, 7),
  noticeLine(13_000, 'a word'),
];

const swap = (port: number): number => ((port & 0xff) << 8) | (port >> 8);

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

const ipv6Words = (text: string): readonly [string, string] => {
  const bytes = ipv6Bytes(text);
  const word = (at: number): number => littleEndian(bytes.slice(at, at + 4));
  return [pair(word(0), word(4)), pair(word(8), word(12))];
};
