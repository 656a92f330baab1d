import { ipv6Text, swap16 } from '../kernel/address.ts';
import { decimalOfHalves } from '../kernel/hex.ts';
import { TCP } from '../kernel/tcp-state.ts';
import type { Fields } from './fields.ts';
import { rememberedIpv4Text } from './ipv4-texts.ts';
import { KnownFields } from './known.ts';
import { isPacked, PackedFields } from './packed.ts';

/** Bits of the wire's context field. */
export const OWN = 1;
/** `struct socket` and file that hold the sock; values of `holderOf`. */
export const HOLDER = { none: 0, kernel: 1, alive: 2, lastFput: 3 } as const;
export const holderOf = (context: number): number => (context >>> 2) & 7;
export const shutdownOf = (context: number): number => (context >>> 6) & 3;
export const stateOf = (context: number): number => (context >>> 8) & 0xff;

/** Bits of skc_flags, the same in 5.15 to 7.2. @see Linux include/net/sock.h, enum sock_flags */
export const SOCK = { DEAD: 1, DONE: 2, LINGER: 16 } as const;

/** What S, R and A lines say of a sock at one instant. Sequence numbers are u32, timers jiffies (low 32 bits). */
export type Evidence = {
  readonly flags: number;
  readonly context: number;
  readonly err: number;
  readonly errSoft: number;
  readonly pending: number;
  readonly icskRetransmits: number;
  readonly backoff: number;
  readonly probesOut: number;
  readonly writeSeq: number;
  readonly sndUna: number;
  readonly sndNxt: number;
  readonly sndWnd: number;
  readonly rto: number;
  readonly packetsOut: number;
  readonly rtoTimer: number;
  readonly skTimer: number;
  readonly wmemQueued: number;
  readonly rmemAlloc: number;
  readonly forwardAlloc: number;
  readonly retransStamp: number;
};

/** A transition remembered in the kernel from before the announcement. `boot` in microseconds, as two halves. */
export type Move = {
  readonly bootUs: number;
  readonly from: number;
  readonly to: number;
  readonly own: boolean;
  readonly err: number;
};

/** All of an announcement. Times in jiffies unless named otherwise. */
export type AnnounceDetail = {
  readonly evidence: Evidence;
  readonly rcvNxt: number;
  readonly copiedSeq: number;
  readonly userTimeoutMs: number;
  readonly lingerTime: number;
  readonly linger2: number;
  /** 0 where the kernel has the constant TCP_RTO_MAX. */
  readonly rtoMax: number;
  readonly lsndtime: number;
  readonly rcvTstamp: number;
  /** net.ipv4.tcp_fin_timeout of the socket's own network namespace, jiffies. */
  readonly finTimeout: number;
  /** net.ipv4.tcp_retries2 of the same. */
  readonly retries2: number;
  /** net.ipv4.tcp_orphan_retries of the same; 0 is the kernel's default of 8. */
  readonly orphanRetries: number;
  /** Data segments that had come, modulo 2^24. */
  readonly dataSegsIn: number;
  readonly netns: number;
  readonly uid: number;
  readonly mark: number;
  /** Decimal; "0" where the kernel has no cgroup in the sock. */
  readonly cgroupId: string;
  /** Decimal; "0" while the kernel has made none. */
  readonly cookie: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly laddr: string;
  readonly lport: number;
  readonly raddr: string;
  readonly rport: number;
  readonly pid: number;
  readonly tid: number;
  readonly exiting: boolean;
  readonly isKernelThread: boolean;
  readonly exitCode: number;
  /** Announced later than it was closed: `evidence` is that of the close only as far as it is remembered. */
  readonly late: LateAnnounce | null;
  /** Oldest first. */
  readonly moves: readonly Move[];
  readonly comm: string;
};

/** What an `L` line says of the close that came before it. */
export type LateAnnounce = {
  /** Nanoseconds of the boot clock; 0 where the close was not seen. */
  readonly closedBootNs: number;
  readonly closedIn: number;
};

/** Of an `L` line's bits: the map of announced sockets was full. */
export const NOT_FOLLOWED = 1 << 20;

const AF_INET6 = 10;
/** Task flags. @see Linux include/linux/sched.h */
const PF_EXITING = 0x4;
const PF_KTHREAD = 0x200000;

const known = new KnownFields();
const packed = new PackedFields();

const readEvidence = (scan: Fields): Evidence => {
  scan.hex();
  const flags = scan.hi;
  const context = scan.lo;
  scan.hex();
  const err = scan.hi >>> 16;
  const errSoft = scan.hi & 0xffff;
  const timers = scan.lo;
  scan.hex();
  const writeSeq = scan.hi;
  const sndUna = scan.lo;
  scan.hex();
  const sndNxt = scan.hi;
  const sndWnd = scan.lo;
  scan.hex();
  const rto = scan.hi;
  const packetsOut = scan.lo;
  scan.hex();
  const rtoTimer = scan.hi;
  const skTimer = scan.lo;
  scan.hex();
  const wmemQueued = scan.hi;
  const rmemAlloc = scan.lo;
  scan.hex();
  return {
    flags,
    context,
    err,
    errSoft,
    pending: timers >>> 24,
    icskRetransmits: (timers >>> 16) & 0xff,
    backoff: (timers >>> 8) & 0xff,
    probesOut: timers & 0xff,
    writeSeq,
    sndUna,
    sndNxt,
    sndWnd,
    rto,
    packetsOut,
    rtoTimer,
    skTimer,
    wmemQueued,
    rmemAlloc,
    forwardAlloc: scan.hi | 0,
    retransStamp: scan.lo,
  };
};

/** The fields of a decoded A, L, S or R line from e0 on; @param before - fields between the sock's address and those */
const fieldsOf = (line: string, before: number): Fields =>
  isPacked(line) ? packed.start(line) : known.start(line, HEAD_FIELDS + before);

/** Letter, time and the sock's address. */
const HEAD_FIELDS = 3;

/** The evidence of a decoded A, L, S or R line, or of its packed form, as it was read; known to be well formed. */
export const parseEvidence = (line: string): Evidence => {
  const letter = line.charCodeAt(0);
  return readEvidence(fieldsOf(line, letter === SET_STATE ? 2 : letter === RETRANSMIT ? 0 : 1));
};

/** Kernel memory, in bytes, that a sock held: what is queued to send and to read, and what it has reserved beyond. */
export const heldBytes = (evidence: Pick<Evidence, 'wmemQueued' | 'rmemAlloc' | 'forwardAlloc'>): number =>
  evidence.wmemQueued + evidence.rmemAlloc + Math.max(0, evidence.forwardAlloc);

const LATE = 0x4c;
const RETRANSMIT = 0x52;
const SET_STATE = 0x53;

/** States in which our FIN is queued or gone. */
const HAS_FIN: ReadonlySet<number> = new Set([TCP.FIN_WAIT1, TCP.FIN_WAIT2, TCP.CLOSING, TCP.LAST_ACK]);

/**
 * The evidence at the close, of what was read later: sequence numbers as remembered; after the close write_seq grows
 * by the FIN alone. What was queued then is not known, and stays as it was read.
 */
const atClose = (now: Evidence, closedIn: number, sndUna: number, sndNxt: number): Evidence => {
  const fin = HAS_FIN.has(closedIn) || !HAS_FIN.has(stateOf(now.context)) ? 0 : 1;
  return { ...now, writeSeq: (now.writeSeq - fin) >>> 0, sndUna, sndNxt };
};

/** The whole of a decoded A or L line, or of its packed form; known to be well formed. */
export const parseAnnounce = (line: string): AnnounceDetail => {
  const scan = fieldsOf(line, 1);
  const evidence = readEvidence(scan);
  scan.hex();
  const rcvNxt = scan.hi;
  const copiedSeq = scan.lo;
  scan.hex();
  const userTimeoutMs = scan.hi;
  const lingerTime = scan.lo;
  scan.hex();
  const linger2 = scan.hi | 0;
  const rtoMax = scan.lo;
  scan.hex();
  const lsndtime = scan.hi;
  const rcvTstamp = scan.lo;
  scan.hex();
  const retries2 = scan.hi >>> 24;
  const finTimeout = scan.hi & 0xffffff;
  const orphanRetries = scan.lo >>> 24;
  const dataSegsIn = scan.lo & 0xffffff;
  const netns = scan.hex32();
  scan.hex();
  const uid = scan.hi;
  const mark = scan.lo;
  scan.hex();
  const cgroupId = decimalOfHalves(scan.hi, scan.lo);
  scan.hex();
  const cookie = decimalOfHalves(scan.hi, scan.lo);
  scan.hex();
  const isV6 = scan.hi === AF_INET6;
  const lport = swap16(scan.lo >>> 16);
  const rport = swap16(scan.lo & 0xffff);
  scan.hex();
  let laddr = '';
  let raddr = '';
  if (isV6) {
    laddr = ipv6Text(readAddress(scan));
    raddr = ipv6Text(readAddress(scan));
  } else {
    laddr = rememberedIpv4Text(scan.hi);
    raddr = rememberedIpv4Text(scan.lo);
    scan.skipHex(4);
  }
  scan.hex();
  const pid = scan.hi;
  const tid = scan.lo;
  const taskFlags = scan.hex32();
  const exitCode = scan.hex32();
  const moves = readMoves(scan);
  let late: LateAnnounce | null = null;
  let closing = evidence;
  if (line.charCodeAt(0) === LATE) {
    scan.hex();
    const closedBootNs = scan.hi * 4_294_967_296 + scan.lo;
    scan.hex();
    const sndUna = scan.hi;
    const sndNxt = scan.lo;
    scan.hex();
    late = { closedBootNs, closedIn: (scan.lo >>> 4) & 0xf };
    if (closedBootNs !== 0) closing = atClose(evidence, late.closedIn, sndUna, sndNxt);
  }
  return {
    evidence: closing,
    // tcp_close resets a connection with data not read, and that one does not live on to be announced late.
    rcvNxt: late === null ? rcvNxt : 0,
    copiedSeq: late === null ? copiedSeq : 0,
    userTimeoutMs,
    lingerTime,
    linger2,
    rtoMax,
    lsndtime,
    rcvTstamp,
    finTimeout,
    retries2,
    orphanRetries,
    dataSegsIn,
    netns,
    uid,
    mark,
    cgroupId,
    cookie,
    family: isV6 ? 'ipv6' : 'ipv4',
    laddr,
    lport,
    raddr,
    rport,
    pid,
    tid,
    exiting: (taskFlags & PF_EXITING) !== 0,
    isKernelThread: (taskFlags & PF_KTHREAD) !== 0,
    exitCode,
    late,
    moves,
    comm: commText(scan.comm()),
  };
};

const readAddress = (scan: Fields): readonly [number, number, number, number] => {
  scan.hex();
  const a = scan.hi;
  const b = scan.lo;
  scan.hex();
  return [a, b, scan.hi, scan.lo];
};

const NO_MOVES: readonly Move[] = [];

/** h0, h1 and h2, the newest first. */
const readMoves = (scan: Fields): readonly Move[] => {
  const newest = readMove(scan);
  const before = readMove(scan);
  const oldest = readMove(scan);
  if (before === null && oldest === null) return newest === null ? NO_MOVES : [newest];
  return lastLife([oldest, before, newest].filter((move) => move !== null));
};

const readMove = (scan: Fields): Move | null => {
  scan.hex();
  const { hi, lo } = scan;
  if (hi === 0 && lo === 0) return null;
  const bootUs = hi * 65_536 + (lo >>> 16);
  return { bootUs, from: (lo >>> 12) & 0xf, to: (lo >>> 8) & 0xf, own: (lo & 0x80) !== 0, err: lo & 0x7f };
};

/** What the sock did since it was last connected: a sock reused after connect(AF_UNSPEC) keeps older moves. */
const lastLife = (moves: readonly Move[]): readonly Move[] => {
  let start = 0;
  for (let i = 1; i < moves.length; i++) {
    if (moves[i]?.from !== moves[i - 1]?.to) start = i;
  }
  return start === 0 ? moves : moves.slice(start);
};

/** Names decoded already: a host has few, and they come by the thousand. */
const names = new Map<string, string>();
const MOST_NAMES = 4096;
/** The same comm again costs no look into the table, which takes a hash of the text. */
let newestName = { hexBytes: '', text: '' };

/** A copy of its own: a piece of a chunk would keep the whole chunk alive. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

/** A comm's 16 bytes up to the first NUL; bytes that are no UTF-8 become `\xNN`. */
export const commText = (hexBytes: string): string => {
  if (hexBytes === newestName.hexBytes) return newestName.text;
  const before = names.get(hexBytes);
  if (before !== undefined) {
    newestName = { hexBytes: flat(hexBytes), text: before };
    return before;
  }
  const bytes = Buffer.from(hexBytes.replaceAll(' ', ''), 'hex');
  const end = bytes.indexOf(0);
  const name = end < 0 ? bytes : bytes.subarray(0, end);
  const utf8 = name.toString('utf8');
  const text = utf8.includes('\ufffd')
    ? name.toString('latin1').replace(/[\u0080-\u00ff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`)
    : utf8;
  if (names.size >= MOST_NAMES) names.clear();
  names.set(flat(hexBytes), text);
  return text;
};
