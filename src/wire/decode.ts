import { type SkAddr, type TraceNs, traceNs } from '../kernel/units.ts';
import { createAddresses } from './addresses.ts';
import type { Hello, Malformed, TimedEvent, WireEvent } from './event.ts';
import { NOT_FOLLOWED } from './evidence.ts';
import { decodeOwnLine } from './own-lines.ts';
import { Scan } from './scan.ts';

/** The wire version this program speaks; a newer one is refused with advice, never guessed at. */
export const WIRE_VERSION = 1;

/**
 * Reads wire lines into events.
 *
 * The closure keeps the handshake's clock, which every later time is relative to. It never throws and never
 * returns undefined: a line it cannot read comes back as `malformed`, an empty line as null.
 *
 * @see docs/wire-format.md
 */
export const createDecoder = (): ((line: string) => WireEvent | null) => {
  const scan = new Scan();
  let bootSec: number | null = null;
  let bootNsec = 0;
  /** The same in halves of 32 bits: from 2^53 ns, 104 days of uptime, a double does not hold it to the nanosecond. */
  let bootHi = 0;
  let bootLo = 0;

  const time = (): TraceNs => {
    scan.decimal();
    return traceNs((scan.above - (bootSec ?? 0)) * 1e9 + (scan.below - bootNsec));
  };
  /** A time of the boot clock in one hexadecimal field; as `time`, it is rounded at its last step, if at all. */
  const sinceHello = (hi: number, lo: number): TraceNs => traceNs((hi - bootHi) * 2 ** 32 + ((lo >>> 0) - bootLo));
  /** When a transition of h0–h2 was, cut to its microsecond. */
  const moveTime = (hi: number, lo: number): number =>
    (hi * 65_536 + (lo >>> 16) - (bootSec ?? 0) * 1e6) * 1000 - bootNsec;
  const addresses = createAddresses();
  const sk = (): SkAddr => {
    scan.hex();
    return addresses.textOf(scan.hi, scan.lo, scan.digits);
  };

  const hello = (line: string): Hello | Malformed => {
    scan.start(line);
    const version = scan.word();
    const backend = scan.word();
    scan.decimal();
    const boot = { sec: scan.above, nsec: scan.below };
    const wall = /^(\d{1,12})\.(\d{6})$/.exec(scan.word());
    if (!scan.done() || !/^\d{1,9}$/.test(version) || wall === null) return { kind: 'malformed', line };
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
    switch (line.charCodeAt(0)) {
      case 0x4c:
      case 0x41: {
        const key = sk();
        const via = scan.hex32();
        scan.hex();
        const flags = scan.hi;
        const context = scan.lo;
        scan.skipHex(12);
        scan.hex32();
        scan.skipHex(10);
        scan.hex32();
        scan.hex32();
        scan.hex();
        const moveHi = scan.hi;
        const moveLo = scan.lo;
        let movedTo = (moveLo >>> 8) & 0xf;
        scan.skipHex(2);
        let closedAt = at;
        let retransmits = 0;
        let isFollowed = true;
        if (line.charCodeAt(0) === 0x4c) {
          // Announced at that very transition, which is traced before it is stored; else the state is the one it stands in.
          const since = at - moveTime(moveHi, moveLo);
          if (since < 0 || since >= 1000) movedTo = 0;
          scan.hex();
          if (scan.hi !== 0 || scan.lo !== 0) closedAt = sinceHello(scan.hi, scan.lo);
          scan.hex();
          scan.hex();
          retransmits = scan.hi >>> 28;
          isFollowed = (scan.lo & NOT_FOLLOWED) === 0;
        }
        scan.skipComm();
        if (via < 1 || via > 5 || closedAt > at) return null;
        return { kind: 'announce', at, sk: key, via, flags, context, movedTo, closedAt, retransmits, isFollowed, line };
      }
      case 0x53: {
        const key = sk();
        const from = scan.hex32();
        const to = scan.hex32();
        scan.hex();
        const event: TimedEvent = { kind: 'set_state', at, sk: key, from, to, flags: scan.hi, context: scan.lo, line };
        scan.skipHex(7);
        return isState(from) && isState(to) ? event : null;
      }
      case 0x52: {
        const key = sk();
        scan.skipHex(8);
        return { kind: 'retransmit', at, sk: key, line };
      }
      case 0x58: {
        const key = sk();
        const direction = scan.hex32();
        const state = scan.hex32();
        const skb = scan.hex32();
        const reason = scan.hex32();
        const dataSegsIn = scan.hex32();
        if (direction !== 1 && direction !== 2) return null;
        const sent = direction === 1;
        return {
          kind: 'reset',
          at,
          sk: key,
          sent,
          state,
          answersSegment: skb === 1,
          reason: reason === 0xff ? null : reason,
          dataSegsIn,
        };
      }
      case 0x44: {
        const key = sk();
        const cookie = scan.hexWord();
        scan.hex();
        const context = scan.lo;
        scan.hex();
        const err = scan.hi >>> 16;
        scan.hex();
        const announcedAt = sinceHello(scan.hi, scan.lo & 0xffff0000);
        return { kind: 'destroy', at, sk: key, cookie, context, err, announcedAt, lines: scan.lo & 0xffff };
      }
      case 0x54: {
        const via = scan.hex32();
        const exiting = scan.hex32() === 1;
        const closedIn = scan.hex32();
        const lastFrom = scan.hex32();
        const err = scan.hex32();
        const reset = scan.hex32();
        const marks = scan.hex32();
        const size = scan.hex32();
        scan.decimal();
        const count = scan.above * 1e9 + scan.below;
        return { kind: 'tally', at, via, exiting, closedIn, lastFrom, err, reset, marks, size, count };
      }
      case 0x43:
        return { kind: 'tick', at };
      case 0x5a:
        return { kind: 'bye', at };
      default:
        return decodeOwnLine(line, at, scan);
    }
  };

  return (line) => {
    if (line === '') return null;
    if (line.charCodeAt(0) === 0x48) return hello(line);
    if (bootSec === null) return { kind: 'malformed', line };
    const event = timed(line);
    const good = event !== null && scan.done() && Number.isFinite(event.at);
    return good ? event : { kind: 'malformed', line };
  };
};

const isState = (state: number): boolean => state >= 1 && state <= 12;
