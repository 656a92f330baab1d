import { type SkAddr, type TraceNs, traceNs } from '../kernel/units.ts';
import { createAddresses } from './addresses.ts';
import { BOUNDS } from './bounds.ts';
import { commText } from './comm.ts';
import type { Hello, Malformed, TimedEvent, WireEvent } from './event.ts';
import { NOT_FOLLOWED, SAMPLE_MASK } from './evidence.ts';
import { bitsWithin, fieldAt, hexWordsFrom, letterOf, placeOf, wordsBetween } from './layout.ts';
import { decodeOwnLine } from './own-lines.ts';
import { Scan } from './scan.ts';
import type { Step } from './upgrade/step.ts';
import { upgradeFrom } from './upgrade/upgrade.ts';

const LETTER = {
  hello: letterOf('hello'),
  announce: letterOf('announce'),
  deferred: letterOf('deferred'),
  setState: letterOf('set_state'),
  retransmit: letterOf('retransmit'),
  look: letterOf('look'),
  swept: letterOf('swept'),
  reset: letterOf('reset'),
  destroy: letterOf('destroy'),
  tally: letterOf('tally'),
  ended: letterOf('ended'),
  tick: letterOf('tick'),
  pulse: letterOf('pulse'),
  progress: letterOf('progress'),
  bye: letterOf('bye'),
} as const;

/** Words of an A or L line that stand between the words read here. */
const BETWEEN = {
  viaAndE0: wordsBetween('deferred', 'via', 'e0'),
  e0AndNetns: wordsBetween('deferred', 'e0', 'netns'),
  netnsAndFlags: wordsBetween('deferred', 'netns', 'taskFlags'),
  flagsAndExit: wordsBetween('deferred', 'taskFlags', 'exitCode'),
  exitAndH0: wordsBetween('deferred', 'exitCode', 'h0'),
  h0AndComm: wordsBetween('announce', 'h0', 'comm'),
  h0AndClosed: wordsBetween('deferred', 'h0', 'closedAt'),
  closedAndBits: wordsBetween('deferred', 'closedAt', 'closeBits'),
  bitsAndComm: wordsBetween('deferred', 'closeBits', 'comm'),
} as const;
const MOVED_TO = bitsWithin('deferred', 'h0To');
const MOVED_US = bitsWithin('deferred', 'h0Us');
const RETRANSMITS = bitsWithin('deferred', 'closeRetransmits');

/** Words of an S or R line that are only checked. */
const SET_STATE_REST = wordsBetween('set_state', 'sk', 'e7') - hexWordsFrom('set_state', 'from', 'e0').length + 1;
const RETRANSMIT_REST = wordsBetween('retransmit', 'e0', 'e7') + 1;
/** Bits of e0's low half. */
const CPU = bitsWithin('retransmit', 'cpu');

const TOLD = bitsWithin('look', 'told');
const LOOK_REST = wordsBetween('look', 'e0', 'e7') + 1;

/** Words that are read whole, and the places of their fields. */
const SET_STATE = {
  words: hexWordsFrom('set_state', 'from', 'e0'),
  from: placeOf('set_state', 'from', 'from'),
  to: placeOf('set_state', 'to', 'from'),
  flags: placeOf('set_state', 'flags', 'from'),
  context: placeOf('set_state', 'context', 'from'),
} as const;
const SWEPT = {
  words: hexWordsFrom('swept', 'watched', 'left'),
  watched: placeOf('swept', 'watched', 'watched'),
  left: placeOf('swept', 'left', 'watched'),
} as const;
const RESET = {
  words: hexWordsFrom('reset', 'direction', 'dataSegsIn'),
  direction: placeOf('reset', 'direction', 'direction'),
  state: placeOf('reset', 'state', 'direction'),
  answers: placeOf('reset', 'answers', 'direction'),
  reason: placeOf('reset', 'reason', 'direction'),
  dataSegsIn: placeOf('reset', 'dataSegsIn', 'direction'),
} as const;
const DESTROY = {
  words: hexWordsFrom('destroy', 'cookie', 'announced'),
  cookie: 0,
  flags: placeOf('destroy', 'flags', 'cookie'),
  context: placeOf('destroy', 'context', 'cookie'),
  err: placeOf('destroy', 'err', 'cookie'),
  lines: placeOf('destroy', 'lines', 'cookie'),
} as const;
const TALLY = {
  words: hexWordsFrom('tally', 'via', 'size'),
  via: placeOf('tally', 'via', 'via'),
  exiting: placeOf('tally', 'exiting', 'via'),
  closedIn: placeOf('tally', 'closedIn', 'via'),
  lastFrom: placeOf('tally', 'lastFrom', 'via'),
  err: placeOf('tally', 'err', 'via'),
  reset: placeOf('tally', 'reset', 'via'),
  marks: placeOf('tally', 'marks', 'via'),
  size: placeOf('tally', 'size', 'via'),
} as const;
const ENDED = {
  words: hexWordsFrom('ended', 'end', 'endPid'),
  port: placeOf('ended', 'servicePort', 'end'),
  reset: placeOf('ended', 'endReset', 'end'),
  closerUnknown: placeOf('ended', 'endCloserUnknown', 'end'),
  kernelThread: placeOf('ended', 'endKernelThread', 'end'),
  exiting: placeOf('ended', 'endExiting', 'end'),
  closedIn: placeOf('ended', 'endClosedIn', 'end'),
  notMemory: placeOf('ended', 'endNotMemory', 'end'),
  kind: placeOf('ended', 'endKind', 'end'),
  pid: placeOf('ended', 'endPid', 'end'),
} as const;
/** The halves of the line that is being read. */
const halves = new Uint32Array(32);

/**
 * Reads wire lines into events.
 *
 * The closure keeps the handshake's clock: every later time is relative to it. It never throws and never returns
 * undefined. A line that it cannot read comes back as `malformed`, an empty line as null.
 *
 * @see docs/wire-format.md
 */
export const createDecoder = (): ((line: string) => WireEvent | null) => {
  const scan = new Scan();
  /** Makes lines of an older version into lines of this version. */
  let upgrade: Step | null = null;
  let bootSec: number | null = null;
  let bootNsec = 0;
  /** The same time in halves of 32 bits: from 2^53 ns on, 104 days of uptime, a double loses nanoseconds. */
  let bootHi = 0;
  let bootLo = 0;

  const time = (): TraceNs => {
    scan.decimal();
    return traceNs((scan.above - (bootSec ?? 0)) * 1e9 + (scan.below - bootNsec));
  };
  /** A time of the boot clock in one hexadecimal field. Like `time`, it is rounded at its last step, if at all. */
  const sinceHello = (hi: number, lo: number): TraceNs => traceNs((hi - bootHi) * 2 ** 32 + ((lo >>> 0) - bootLo));
  /** The time of a transition of h0–h2, cut to its microsecond. */
  const moveTime = (hi: number, lo: number): number =>
    (hi * 2 ** (32 - MOVED_US.shift) + (lo >>> MOVED_US.shift) - (bootSec ?? 0) * 1e6) * 1000 - bootNsec;
  const addresses = createAddresses();
  const sk = (): SkAddr => {
    scan.hex();
    return addresses.textOf(scan.hi, scan.lo, scan.digits);
  };

  const settledWord = (): TraceNs | null => {
    const settled = time();
    return scan.above === 0 && scan.below === 0 ? null : settled;
  };

  /** Pairs of a CPU's number + 1 and a time. */
  const progress = (): readonly number[] => {
    const cpus: number[] = [];
    while (scan.ok && !scan.done() && cpus.length < 2 * BOUNDS.cpus) {
      cpus.push(scan.hex32());
      scan.hex();
      cpus.push(sinceHello(scan.hi, scan.lo));
    }
    return cpus;
  };

  const hello = (line: string): Hello | Malformed => {
    scan.start(line);
    const version = scan.word();
    const backend = scan.word();
    scan.decimal();
    const boot = { sec: scan.above, nsec: scan.below };
    const wall = /^(\d{1,12})\.(\d{6})$/.exec(scan.word());
    if (!scan.done() || !/^\d{1,9}$/.test(version) || wall === null) return { kind: 'malformed', line };
    upgrade = upgradeFrom(Number(version));
    bootSec = boot.sec;
    bootNsec = boot.nsec;
    const bootNs = BigInt(boot.sec) * 1_000_000_000n + BigInt(boot.nsec);
    bootHi = Number(bootNs >> 32n);
    bootLo = Number(bootNs & 0xffffffffn);
    return {
      kind: 'hello',
      at: traceNs(0),
      version: Number(version),
      backend,
      bootSec: boot.sec,
      bootNsec: boot.nsec,
      wallSec: Number(wall[1]),
      wallUsec: Number(wall[2]),
    };
  };

  const timed = (line: string): TimedEvent | null => {
    scan.start(line);
    const at = time();
    const letter = line.charCodeAt(0);
    switch (letter) {
      case LETTER.deferred:
      case LETTER.announce: {
        const isDeferred = letter === LETTER.deferred;
        const key = sk();
        const via = scan.hex32();
        scan.skipHex(BETWEEN.viaAndE0);
        scan.hex();
        const flags = scan.hi;
        const context = scan.lo;
        scan.skipHex(BETWEEN.e0AndNetns);
        scan.hex32();
        scan.skipHex(BETWEEN.netnsAndFlags);
        scan.hex32();
        scan.skipHex(BETWEEN.flagsAndExit);
        scan.hex32();
        scan.skipHex(BETWEEN.exitAndH0);
        scan.hex();
        const moveHi = scan.hi;
        const moveLo = scan.lo;
        let movedTo = (moveLo >>> MOVED_TO.shift) & MOVED_TO.mask;
        let closedAt = at;
        let retransmits = 0;
        let isFollowed = true;
        let sample = 0;
        if (isDeferred) {
          // If it was announced at that very transition, the new state is not stored yet: a tracepoint fires before.
          // Else its state is current.
          const since = at - moveTime(moveHi, moveLo);
          if (since < 0 || since >= 1000) movedTo = 0;
          scan.skipHex(BETWEEN.h0AndClosed);
          scan.hex();
          if (scan.hi !== 0 || scan.lo !== 0) closedAt = sinceHello(scan.hi, scan.lo);
          scan.skipHex(BETWEEN.closedAndBits);
          scan.hex();
          retransmits = (scan.hi >>> RETRANSMITS.shift) & RETRANSMITS.mask;
          isFollowed = (scan.lo & NOT_FOLLOWED) === 0;
          sample = scan.lo & SAMPLE_MASK;
          scan.skipHex(BETWEEN.bitsAndComm);
        } else {
          scan.skipHex(BETWEEN.h0AndComm);
        }
        scan.skipComm();
        if (via < 1 || via > 5 || closedAt > at) return null;
        return {
          kind: 'announce',
          at,
          sk: key,
          via,
          flags,
          context,
          movedTo,
          closedAt,
          retransmits,
          isFollowed,
          sample,
          line,
        };
      }
      case LETTER.setState: {
        const key = sk();
        scan.hexWords(SET_STATE.words, halves);
        const from = fieldAt(halves, SET_STATE.from);
        const to = fieldAt(halves, SET_STATE.to);
        const flags = fieldAt(halves, SET_STATE.flags);
        const context = fieldAt(halves, SET_STATE.context);
        scan.skipHex(SET_STATE_REST);
        return isState(from) && isState(to) ? { kind: 'set_state', at, sk: key, from, to, flags, context, line } : null;
      }
      case LETTER.look: {
        const key = sk();
        scan.hex();
        const cookie = hexOfHalves(scan.hi, scan.lo);
        scan.hex();
        const context = scan.lo;
        scan.skipHex(LOOK_REST);
        const told = (context >>> TOLD.shift) & TOLD.mask;
        return { kind: 'look', at, sk: key, cookie, context, told, cpu: scan.hex32(), line };
      }
      case LETTER.swept: {
        const began = time();
        scan.hexWords(SWEPT.words, halves);
        const watched = fieldAt(halves, SWEPT.watched);
        const isWhole = fieldAt(halves, SWEPT.left) === 0;
        return began <= at ? { kind: 'swept', at, began, watched, isWhole, cpu: scan.hex32() } : null;
      }
      case LETTER.retransmit: {
        const key = sk();
        scan.hex();
        const cpu = (scan.lo >>> CPU.shift) & CPU.mask;
        scan.skipHex(RETRANSMIT_REST);
        return { kind: 'retransmit', at, sk: key, cpu, line };
      }
      case LETTER.reset: {
        const key = sk();
        scan.hexWords(RESET.words, halves);
        const direction = fieldAt(halves, RESET.direction);
        if (direction !== 1 && direction !== 2) return null;
        const reason = fieldAt(halves, RESET.reason);
        return {
          kind: 'reset',
          at,
          sk: key,
          sent: direction === 1,
          state: fieldAt(halves, RESET.state),
          answersSegment: fieldAt(halves, RESET.answers) === 1,
          reason: reason === 0xff ? null : reason,
          dataSegsIn: fieldAt(halves, RESET.dataSegsIn),
          cpu: scan.hex32(),
        };
      }
      case LETTER.destroy: {
        const key = sk();
        scan.hexWords(DESTROY.words, halves);
        const announced = DESTROY.lines.half;
        const low = halves[announced] as number;
        return {
          kind: 'destroy',
          at,
          sk: key,
          cookie: hexOfHalves(halves[DESTROY.cookie] as number, halves[DESTROY.cookie + 1] as number),
          flags: fieldAt(halves, DESTROY.flags),
          context: fieldAt(halves, DESTROY.context),
          err: fieldAt(halves, DESTROY.err),
          announcedAt: sinceHello(halves[announced - 1] as number, low & ~DESTROY.lines.mask),
          lines: low & DESTROY.lines.mask,
        };
      }
      case LETTER.tally: {
        scan.hexWords(TALLY.words, halves);
        scan.decimal();
        return {
          kind: 'tally',
          at,
          via: fieldAt(halves, TALLY.via),
          exiting: fieldAt(halves, TALLY.exiting) === 1,
          closedIn: fieldAt(halves, TALLY.closedIn),
          lastFrom: fieldAt(halves, TALLY.lastFrom),
          err: fieldAt(halves, TALLY.err),
          reset: fieldAt(halves, TALLY.reset),
          marks: fieldAt(halves, TALLY.marks),
          size: fieldAt(halves, TALLY.size),
          count: scan.above * 1e9 + scan.below,
        };
      }
      case LETTER.ended: {
        scan.hexWords(ENDED.words, halves);
        const [end, port, pid] = [ENDED.kind, ENDED.port, ENDED.pid].map((place) => fieldAt(halves, place));
        const isCloserUnknown = fieldAt(halves, ENDED.closerUnknown) === 1;
        const fields = {
          closedIn: fieldAt(halves, ENDED.closedIn),
          exiting: fieldAt(halves, ENDED.exiting) === 1,
          isKernels: fieldAt(halves, ENDED.kernelThread) === 1,
          reset: fieldAt(halves, ENDED.reset),
          isNotMemory: fieldAt(halves, ENDED.notMemory) === 1,
        };
        scan.decimal();
        const count = scan.above * 1e9 + scan.below;
        scan.skipComm();
        const comm = isCloserUnknown ? '' : commText(line.slice(-COMM_CHARACTERS));
        if (end === 0 || end === undefined) return null;
        return {
          kind: 'ended',
          at,
          end,
          ...fields,
          port: port || null,
          pid: isCloserUnknown ? null : pid || null,
          comm: comm === '' ? null : comm,
          count,
        };
      }
      case LETTER.tick:
        return { kind: 'tick', at, cpu: scan.hex32(), settled: settledWord() };
      case LETTER.pulse:
        return { kind: 'pulse', at, cpu: scan.hex32() };
      case LETTER.progress:
        return { kind: 'progress', at, cpus: progress() };
      case LETTER.bye:
        return { kind: 'bye', at };
      default:
        return decodeOwnLine(line, at, scan);
    }
  };

  return (line) => {
    if (line === '') return null;
    if (line.charCodeAt(0) === LETTER.hello) return hello(line);
    if (bootSec === null) return { kind: 'malformed', line };
    const event = timed(upgrade === null ? line : upgrade(line));
    const good = event !== null && scan.done() && Number.isFinite(event.at);
    return good ? event : { kind: 'malformed', line };
  };
};

/** A number of 64 bits as the probes print it. */
const hexOfHalves = (hi: number, lo: number): string =>
  hi === 0 ? lo.toString(16) : `${hi.toString(16)}${lo.toString(16).padStart(8, '0')}`;

/** Sixteen bytes in hex, and the spaces between them. */
const COMM_CHARACTERS = 47;

const isState = (state: number): boolean => state >= 1 && state <= 12;
