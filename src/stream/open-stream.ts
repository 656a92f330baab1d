import { abnormalDeaths } from '../explain/abnormal.ts';
import type { ClosePath, Dying } from '../explain/close-path.ts';
import type { Host } from '../explain/deadline/deadline.ts';
import { createKernelClock } from '../explain/deadline/kernel-clock.ts';
import { type DescribeContext, describeSilent, describeSock } from '../explain/describe.ts';
import { deadlineOfDying, deadlineWord, dyingOf, nowOf, nowOfSilent } from '../explain/dying.ts';
import { createWallClock } from '../explain/wall-clock.ts';
import { EXIT, Fault } from '../kernel/fault.ts';
import type { TraceNs } from '../kernel/units.ts';
import type { Silent } from '../lifecycle/baseline.ts';
import type { LedgerRow } from '../lifecycle/ledger.ts';
import type { Sock } from '../lifecycle/sock.ts';
import { createTracker } from '../lifecycle/tracker.ts';
import { createReorder } from '../order/reorder.ts';
import { BOUNDS } from '../wire/bounds.ts';
import { createDecoder } from '../wire/decode.ts';
import type { TimedEvent } from '../wire/event.ts';
import { cpuOf } from '../wire/evidence.ts';
import type { Meta } from '../wire/meta.ts';
import { WIRE_VERSION } from '../wire/schema.ts';
import { canRead } from '../wire/upgrade/upgrade.ts';
import { createNotices } from './notices.ts';
import { hostIdOf, type Stream } from './stream.ts';

/** The reorder window may grow to this after stalls, and hold this many events. */
const MAX_WINDOW_NS = 2e9;
const MAX_HELD = 1_000_000;
/** Samples in a row, one a second, from which on a drift is no passing one. */
const LASTING_DRIFT = 3;

/** Told while the lines come in. */
export type StreamListener = {
  /** A sock was destroyed; `describe` tells its path. */
  readonly onEnd: (sock: Sock) => void;
  readonly onLedger: (row: LedgerRow) => void;
  /** Something the user must know, in words; may hold hostile bytes. */
  readonly onNotice: (text: string, at: TraceNs) => void;
};

/** A stream that is still being fed. */
export type OpenStream = Stream & {
  /** Takes one line. @throws Fault when the lines are of a wire version this program cannot read */
  readonly push: (line: string) => void;
  /** No more lines come. */
  readonly end: () => void;
};

/**
 * wire → order → lifecycle → explain, for one stream of lines, live or recorded: the one way through the house.
 * The outcome depends on the lines and `meta` alone, so a replay of a recording repeats the live run.
 */
export const openStream = (meta: Meta, listener: StreamListener): OpenStream => {
  const decode = createDecoder();
  let context: DescribeContext | null = null;
  let clock: Host['clock'] = null;
  let isComplete = false;
  let driftingFor = 0;
  const reasons = new Map(Object.entries(meta.reset_reasons).map(([value, name]) => [Number(value), name]));

  /** No line but the handshake is decoded before it: any code that has a sock has a context. */
  const begun = (): DescribeContext => {
    if (context === null) throw new Error('a socket was told of before the handshake');
    return context;
  };
  const describe = (sock: Sock): ClosePath => describeSock(sock, tracker.now(), begun());
  /** The facts beside a sock's own evidence, as of the newest event. */
  const hostNow = ({ hello }: DescribeContext): Host => {
    const { orphans, kernelOrphans, kernelLimit: maxOrphans } = tracker.ledger();
    const memory = tracker.sample()?.memory;
    const pressure = {
      orphans: orphans ?? kernelOrphans,
      maxOrphans,
      memPages: memory?.pages ?? null,
      memHigh: memory?.high ?? null,
    };
    return { hello, clock, now: tracker.now(), pressure };
  };
  const dying = (sock: Sock, on: DescribeContext, host: Host): Dying => {
    const deadline = deadlineOfDying(sock, host);
    const path = describeSock(sock, host.now, on, deadlineWord(deadline), tracker.evidenceAt(sock));
    return dyingOf(path, deadline, nowOf(sock, tracker.evidenceAt(sock)), on.wallClock);
  };
  const silentPath = (orphan: Silent, on: DescribeContext, deadline?: Dying['deadline']): ClosePath =>
    describeSilent(orphan, tracker.now(), on, deadline);
  const silentDying = (orphan: Silent, on: DescribeContext, host: Host): Dying => {
    const deadline = deadlineOfDying(orphan, host);
    return dyingOf(silentPath(orphan, on, deadlineWord(deadline)), deadline, nowOfSilent(orphan), on.wallClock);
  };
  const tracker = createTracker({
    hz: meta.hz,
    seed: Math.floor(Math.random() * 2 ** 32),
    announceNs: (meta.min_age_ms ?? 0) * 1e6,
    onEnd: listener.onEnd,
    onLedger: (row) => {
      driftingFor = row.drift === null || Math.abs(row.drift) <= row.inFlight ? 0 : driftingFor + 1;
      listener.onLedger(row);
    },
    onExceeded: (count, what, at) => notices.lost(count, what, at),
  });
  const notices = createNotices(listener.onNotice);
  const reorder = createReorder<TimedEvent>({
    windowNs: meta.reorder_window_ms * 1e6,
    maxWindowNs: MAX_WINDOW_NS,
    maxHeld: MAX_HELD,
    maxWeight: BOUNDS.reorderBytes,
    maxCpus: BOUNDS.cpus,
    emit: (event, isOutOfOrder) => {
      tracker.apply(event, isOutOfOrder);
    },
  });

  return {
    meta,
    host: hostIdOf(meta),
    push: (line) => {
      notices.line();
      const event = decode(line);
      if (event === null) return;
      if (event.kind === 'malformed') {
        tracker.addMalformed();
        return;
      }
      if (event.kind === 'hello') {
        if (!canRead(event.version)) throw newerWire(event.version);
        context = { hello: event, wallClock: createWallClock(event), reasons, ownNetns: meta.netns };
        clock = createKernelClock(meta, event);
        return;
      }
      if (event.kind === 'bye') isComplete = true;
      // This is told at once: if bpftrace has gone silent, no event comes to move the reorder window.
      if (event.kind === 'notice') notices.notice(event.text, event.at);
      if (event.kind === 'lost') {
        notices.lost(event.count, event.where, event.at);
        tracker.foresee(event);
      }
      if (event.kind === 'tick' || event.kind === 'sample') notices.advance(event.at);
      if (event.kind === 'progress') reorder.progress(event.at, event.cpus);
      else reorder.push(event, !isOwn(event), line.length + ownBytes(event), cpuOf(event));
    },
    end: () => {
      reorder.flush();
      tracker.end();
      notices.end();
    },
    tracker,
    describe,
    *describeRemaining() {
      for (const sock of tracker.live()) {
        if (sock.destroyedAt === null) yield describe(sock);
      }
      for (const orphan of tracker.silent()) yield silentPath(orphan, begun());
    },
    *describeDying() {
      if (context === null) return;
      const host = hostNow(context);
      for (const sock of tracker.live()) {
        if (sock.destroyedAt === null) yield dying(sock, context, host);
      }
      for (const orphan of tracker.silent()) yield silentDying(orphan, context, host);
    },
    describeSilent: (orphan) => silentPath(orphan, begun()),
    describeOneSilent: (orphan) => silentDying(orphan, begun(), hostNow(begun())),
    describeOneDying: (sock) => dying(sock, begun(), hostNow(begun())),
    deadline: (one) => deadlineOfDying(one, hostNow(begun())),
    abnormal: (since = Number.NEGATIVE_INFINITY) =>
      abnormalDeaths(
        tracker.abnormal().filter(({ lastAt }) => lastAt >= since),
        reasons,
      ),
    wallClock: (at) => context?.wallClock(at) ?? '',
    isComplete: () => isComplete,
    isInDoubt: () => driftingFor >= LASTING_DRIFT,
  };
};

const ownBytes = ({ kind }: TimedEvent): number => (kind === 'orphan_read' ? BOUNDS.readingBytes : BOUNDS.eventBytes);

/** Lines that finwait itself put into the stream, or dated: their clock runs ahead of the kernel's buffers. */
const isOwn = (event: TimedEvent): boolean =>
  event.kind === 'tally' ||
  event.kind === 'ended' ||
  event.kind === 'inventoried' ||
  event.kind === 'orphan_read' ||
  event.kind === 'inventory_end' ||
  event.kind === 'sample' ||
  event.kind === 'host_facts' ||
  event.kind === 'kernel_log' ||
  event.kind === 'lost' ||
  event.kind === 'notice';

const newerWire = (version: number): Fault =>
  new Fault(`the stream is of wire version ${version}; this finwait reads version ${WIRE_VERSION}`, {
    why: 'its lines may mean something else',
    remedy: 'read it with the finwait that wrote it, or a newer one',
    exitCode: EXIT.failed,
  });
