import { ipv6Text } from '../kernel/address.ts';
import { TCP } from '../kernel/tcp-state.ts';
import { commOfWords } from './comm.ts';
import { ENDED, type TimedEvent } from './event.ts';
import { type AnnounceFields, type Evidence, readAnnounceFields, readEvidence } from './fields.ts';
import { rememberedIpv4Text } from './ipv4-texts.ts';
import { bitsWithin, fieldAt, halfOf, hexWordAt, placeOf } from './layout.ts';
import { COMM_WORDS, HALVES, LETTER, readHalves } from './packed.ts';

export type { Evidence } from './fields.ts';

const CONTEXT = {
  own: bitsWithin('deferred', 'own'),
  holder: bitsWithin('deferred', 'holder'),
  shutdown: bitsWithin('deferred', 'shutdown'),
  state: bitsWithin('deferred', 'state'),
  cpu: bitsWithin('deferred', 'cpu'),
} as const;

/** Bits of the wire's context field. */
export const OWN = CONTEXT.own.mask << CONTEXT.own.shift;
/** `struct socket` and file that hold the sock; values of `holderOf`. */
export const HOLDER = { none: 0, kernel: 1, alive: 2, lastFput: 3 } as const;
export const holderOf = (context: number): number => (context >>> CONTEXT.holder.shift) & CONTEXT.holder.mask;
export const shutdownOf = (context: number): number => (context >>> CONTEXT.shutdown.shift) & CONTEXT.shutdown.mask;
export const stateOf = (context: number): number => (context >>> CONTEXT.state.shift) & CONTEXT.state.mask;

/** The CPU that printed an event's line: its number + 1, below 2^14. 0: the line does not say, or finwait wrote it. */
export const cpuOf = (event: TimedEvent): number => {
  switch (event.kind) {
    case 'announce':
    case 'set_state':
    case 'destroy':
      return event.context >>> CONTEXT.cpu.shift;
    case 'retransmit':
    case 'look':
    case 'reset':
    case 'swept':
    case 'tick':
    case 'pulse':
      return event.cpu;
    default:
      return 0;
  }
};

/** Bits of skc_flags, the same in 5.15 to 7.2. @see Linux include/net/sock.h, enum sock_flags */
export const SOCK = { DEAD: 1, DONE: 2, LINGER: 16 } as const;

/** A transition from before the announcement, remembered in the kernel. `boot` in microseconds, as two halves. */
export type Move = {
  readonly bootUs: number;
  readonly from: number;
  readonly to: number;
  readonly own: boolean;
  readonly err: number;
};

/** All of an announcement. Times in jiffies unless named otherwise. */
export type AnnounceDetail = AnnounceFields & {
  readonly evidence: Evidence;
  readonly family: 'ipv4' | 'ipv6';
  readonly laddr: string;
  readonly raddr: string;
  readonly exiting: boolean;
  readonly isKernelThread: boolean;
  /** Set for a deferred announcement: then `evidence` is that of the close as far as the probe remembered it. */
  readonly deferred: DeferredAnnounce | null;
  /** Oldest first. */
  readonly moves: readonly Move[];
  readonly comm: string;
};

/** Facts of the close before a deferred announcement, from its `L` line. */
export type DeferredAnnounce = {
  /** Nanoseconds of the boot clock; 0 where the close was not seen. */
  readonly closedBootNs: number;
  readonly closedIn: number;
  /** Announced, however young, as an example of this kind of abnormal end (`ENDED`); 0: for its age. */
  readonly sample: number;
  /** Only for a sample that was reset for a limit of the host: it was not tcp_mem. */
  readonly isNotMemory: boolean;
};

const FOLLOWED = bitsWithin('deferred', 'closeNotFollowed');
/** A bit in the low half of an `L` line's `closeBits`: the map of announced sockets was full. */
export const NOT_FOLLOWED = FOLLOWED.mask << FOLLOWED.shift;
const SAMPLE = bitsWithin('deferred', 'closeSample');
/** Bits in the same low half: the kind of end that it is a sample of. */
export const SAMPLE_MASK = SAMPLE.mask << SAMPLE.shift;

const AF_INET6 = 10;

const FAMILY = halfOf('deferred', 'family');
const ADDRESS = {
  laddr: halfOf('deferred', 'laddr'),
  raddr: halfOf('deferred', 'raddr'),
  laddr6: halfOf('deferred', 'laddr0'),
  raddr6: halfOf('deferred', 'raddr0'),
} as const;
const EXITING = placeOf('deferred', 'exiting');
const KERNEL_THREAD = placeOf('deferred', 'kernelThread');
/** High halves of h0, h1 and h2. */
const MOVES = {
  h0: 2 * hexWordAt('deferred', 'h0'),
  h1: 2 * hexWordAt('deferred', 'h1'),
  h2: 2 * hexWordAt('deferred', 'h2'),
} as const;
const CLOSED_AT = 2 * hexWordAt('deferred', 'closedAt');
const CLOSE_SND_UNA = halfOf('deferred', 'closeSndUna');
const CLOSE_SND_NXT = halfOf('deferred', 'closeSndNxt');
const CLOSE_FROM = placeOf('deferred', 'closeFrom');
const CLOSE_SAMPLE = placeOf('deferred', 'closeSample');
const CLOSE_NOT_MEMORY = placeOf('deferred', 'closeNotMemory');

/** The halves of the line that is being read. */
const halves = new Uint32Array(HALVES);

/** The evidence of a decoded A, L, S or R line, or of its packed form, as it was read. The line must be well formed. */
export const parseEvidence = (line: string): Evidence => {
  readHalves(line, halves);
  return readEvidence(halves);
};

/** Kernel memory that a sock held, bytes: its queues to send and to read, and its reserve beyond them. */
export const heldBytes = (evidence: Pick<Evidence, 'wmemQueued' | 'rmemAlloc' | 'forwardAlloc'>): number =>
  evidence.wmemQueued + evidence.rmemAlloc + Math.max(0, evidence.forwardAlloc);

/** States in which our FIN is queued or sent. */
const HAS_FIN: ReadonlySet<number> = new Set([TCP.FIN_WAIT1, TCP.FIN_WAIT2, TCP.CLOSING, TCP.LAST_ACK]);

/**
 * The evidence at the close, from evidence that was read later. Sequence numbers come from the probe's memory: after
 * the close write_seq grows by the FIN alone. The queues at the close are not known, and stay as they were read.
 */
const atClose = (now: Evidence, { closedIn, sample }: DeferredAnnounce, sndUna: number, sndNxt: number): Evidence => {
  const hasFin = HAS_FIN.has(stateOf(now.context)) || sample > ENDED.linger_zero;
  const fin = HAS_FIN.has(closedIn) || !hasFin ? 0 : 1;
  return { ...now, writeSeq: (now.writeSeq - fin) >>> 0, sndUna, sndNxt };
};

/** The whole of a decoded A or L line, or of its packed form. The line must be well formed. */
export const parseAnnounce = (line: string): AnnounceDetail => {
  const end = readHalves(line, halves);
  const evidence = readEvidence(halves);
  const fields = readAnnounceFields(halves);
  const isV6 = halves[FAMILY] === AF_INET6;
  const shared = {
    family: isV6 ? ('ipv6' as const) : ('ipv4' as const),
    laddr: isV6 ? ipv6Text(ipv6At(ADDRESS.laddr6)) : rememberedIpv4Text(halves[ADDRESS.laddr] as number),
    raddr: isV6 ? ipv6Text(ipv6At(ADDRESS.raddr6)) : rememberedIpv4Text(halves[ADDRESS.raddr] as number),
    exiting: fieldAt(halves, EXITING) === 1,
    isKernelThread: fieldAt(halves, KERNEL_THREAD) === 1,
    moves: readMoves(),
    comm: commOfWords(halves, end - COMM_WORDS),
  };
  if (line.charCodeAt(0) !== LETTER.deferred) return { ...fields, ...shared, evidence, deferred: null };
  const closedBootNs = (halves[CLOSED_AT] as number) * 4_294_967_296 + (halves[CLOSED_AT + 1] as number);
  const deferred: DeferredAnnounce = {
    closedBootNs,
    closedIn: fieldAt(halves, CLOSE_FROM),
    sample: fieldAt(halves, CLOSE_SAMPLE),
    isNotMemory: fieldAt(halves, CLOSE_NOT_MEMORY) === 1,
  };
  const [sndUna, sndNxt] = [halves[CLOSE_SND_UNA] as number, halves[CLOSE_SND_NXT] as number];
  const closing = closedBootNs === 0 ? evidence : atClose(evidence, deferred, sndUna, sndNxt);
  // tcp_close resets a connection with data not read, and that one does not have a deferred announcement for its age.
  const unread = deferred.sample === ENDED.unread_data ? {} : { rcvNxt: 0, copiedSeq: 0 };
  return { ...fields, ...shared, ...unread, evidence: closing, deferred };
};

const ipv6At = (half: number): readonly [number, number, number, number] => [
  halves[half] as number,
  halves[half + 1] as number,
  halves[half + 2] as number,
  halves[half + 3] as number,
];

const NO_MOVES: readonly Move[] = [];

/** h0, h1 and h2, newest first. */
const readMoves = (): readonly Move[] => {
  const newest = moveAt(MOVES.h0);
  const before = moveAt(MOVES.h1);
  const oldest = moveAt(MOVES.h2);
  if (before === null && oldest === null) return newest === null ? NO_MOVES : [newest];
  return lastLife([oldest, before, newest].filter((move) => move !== null));
};

const BITS = {
  us: bitsWithin('deferred', 'h0Us'),
  from: bitsWithin('deferred', 'h0From'),
  to: bitsWithin('deferred', 'h0To'),
  own: bitsWithin('deferred', 'h0Own'),
  err: bitsWithin('deferred', 'h0Err'),
} as const;

const moveAt = (half: number): Move | null => {
  const hi = halves[half] as number;
  const lo = halves[half + 1] as number;
  if (hi === 0 && lo === 0) return null;
  return {
    bootUs: hi * 2 ** (32 - BITS.us.shift) + (lo >>> BITS.us.shift),
    from: (lo >>> BITS.from.shift) & BITS.from.mask,
    to: (lo >>> BITS.to.shift) & BITS.to.mask,
    own: ((lo >>> BITS.own.shift) & BITS.own.mask) !== 0,
    err: (lo >>> BITS.err.shift) & BITS.err.mask,
  };
};

/** Drops the moves before the sock's last connection: a sock reused after connect(AF_UNSPEC) keeps older moves. */
const lastLife = (moves: readonly Move[]): readonly Move[] => {
  let start = 0;
  for (let i = 1; i < moves.length; i++) {
    if (moves[i]?.from !== moves[i - 1]?.to) start = i;
  }
  return start === 0 ? moves : moves.slice(start);
};
