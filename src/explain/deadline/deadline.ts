import { stateName, TCP } from '../../kernel/tcp-state.ts';
import { type TraceNs, traceNs } from '../../kernel/units.ts';
import type { Hello } from '../../wire/event.ts';
import { HOLDER, holderOf } from '../../wire/evidence.ts';
import type { SockRecord } from '../record.ts';
import { finWait2End, seconds } from './fin-wait2.ts';
import type { Pressure } from './give-up.ts';
import type { KernelClock } from './kernel-clock.ts';
import { type Dying, type Firing, type Reaping, type Rule, reapingOf } from './model.ts';
import { pendingTimer } from './pending-timer.ts';
import { exactWheel, meanWheel } from './wheel.ts';

/** What holds beside the sock's own evidence. */
export type Host = {
  readonly hello: Hello;
  /** Null where HZ is unknown. */
  readonly clock: KernelClock | null;
  /** Time of the newest event. */
  readonly now: TraceNs;
  /** The machine's orphans and its limit; null where not read yet. */
  readonly pressure: Pressure;
};

/** When the kernel gives up on a sock if nothing more comes from its peer. */
export type Deadline =
  | {
      readonly kind: 'at';
      /** By the kernel's arithmetic: it will not be earlier. */
      readonly at: TraceNs;
      /** With what the timer wheel adds: up to 13 %. */
      readonly expectedAt: TraceNs;
      readonly nextTimerAt: TraceNs;
      /** The peer has answered window probes and `at` expects that it goes on; this if it stops. Otherwise null. */
      readonly ifSilentAt: TraceNs | null;
      readonly rule: Rule;
      readonly because: readonly string[];
      /** The running timer itself was observed; otherwise it follows from the close. */
      readonly isExact: boolean;
    }
  | { readonly kind: 'never'; readonly because: readonly string[] }
  | { readonly kind: 'undecided'; readonly because: readonly string[] };

/** The constant TCP_RTO_MAX, and the least that tcp_rto_max_ms may be. */
const RTO_MAX_MS = 120_000;
const LEAST_RTO_MAX_MS = 1000;
/** What the wheel adds at most, and what reading clocks and lines takes. */
const WHEEL_SHARE = 0.13;
const OVERDUE_NS = 500e6;

const undecided = (...because: readonly string[]): Deadline => ({ kind: 'undecided', because });

/** The deadline of an orphan that only the inventory knows. */
export const deadlineOfSilent = (): Deadline =>
  undecided('/proc/net/tcp listed it and no event came since: its timers are known from its first retransmission on');

/**
 * When the kernel reaps a dying sock, by the newest evidence: a later line gives a better answer.
 *
 * @returns `undecided` with what is missing; never throws
 * @see ../../../docs/close-path.md; Linux net/ipv4/tcp_timer.c
 */
export const deadlineOf = (record: SockRecord, host: Host): Deadline => {
  const { sock, detail, last } = record;
  const { clock, now } = host;
  if (sock.destroyedAt !== null) return undecided('it has ended');
  if (clock === null) return undecided("the kernel's HZ is not known: its timers cannot be read");
  if (sock.state === TCP.CLOSE) return undecided('in CLOSE no timer runs: it goes with its last reference');
  const jiffyMs = 1000 / clock.hz;
  const wheel = clock.phase === null ? meanWheel(clock.hz) : exactWheel(clock.phase);
  const observedAt = evidenceAt(record, host.hello);
  if (sock.state === TCP.FIN_WAIT2) {
    if (detail.finTimeout === 0 && detail.linger2 === 0)
      return undecided('tcp_fin_timeout of its namespace is not known');
    const entered = record.moves.findLast((move) => move.to === TCP.FIN_WAIT2)?.at;
    const sinceNs = Math.max(entered ?? observedAt, record.closedAt ?? observedAt);
    const linger2Ms = detail.linger2 * jiffyMs;
    const finTimeoutMs = detail.finTimeout * jiffyMs;
    const end = finWait2End({ sinceNs, nowNs: now, rtoMs: last.rto * jiffyMs, finTimeoutMs, linger2Ms }, wheel);
    if (isOverdue(end.expectedNs, sinceNs, now)) return overdue(sock.state);
    const at = traceNs(end.atNs);
    const nextTimerAt = traceNs(Math.max(now, end.atNs));
    const isExact = entered !== undefined;
    return {
      kind: 'at',
      at,
      expectedAt: traceNs(end.expectedNs),
      nextTimerAt,
      ifSilentAt: null,
      rule: end.rule,
      because: end.because,
      isExact,
    };
  }
  if (!isSending(record)) return undecided(`no rule is known for a dying sock in ${stateName(sock.state)}`);
  const rtoMaxMs = detail.rtoMax === 0 ? RTO_MAX_MS : Math.max(LEAST_RTO_MAX_MS, detail.rtoMax * jiffyMs);
  const { userTimeoutMs } = detail;
  const timer = pendingTimer(record, clock, { observedAt, rtoMaxMs, userTimeoutMs });
  if (timer === null) return undecided(`no timer was pending in ${stateName(sock.state)}`);
  const lingerEnd = sock.lingering ? sock.announcedAt + detail.lingerTime * jiffyMs * 1e6 : null;
  const dying: Dying = {
    ...timer,
    rtoMaxMs,
    userTimeoutMs,
    orphanRetries: detail.orphanRetries,
    errSoft: last.errSoft !== 0,
    orphanAtNs: lingerEnd ?? sock.orphanAt ?? Number.NEGATIVE_INFINITY,
    lastSendAtNs: clock.jiffiesAt(detail.lsndtime, sock.announcedAt),
    pressure: host.pressure,
    jiffyMs,
  };
  const reaping = reapingOf(dying, wheel);
  const silentNs = timer.isAnswering ? reapingOf({ ...dying, isAnswering: false }, wheel).earliestNs : null;
  const [first] = reaping.firings as readonly [Firing];
  const isKernels = holderOf(sock.announce.context) === HOLDER.kernel && sock.latest === null;
  if (isKernels) {
    return isOverdue(first.expectedNs, observedAt, now)
      ? {
          kind: 'never',
          because: [
            'a socket of the kernel itself whose timer should have fired by now and did not',
            'tcp_close stops the timers of a kernel socket that holds no reference on its namespace (sk_net_refcnt 0)',
          ],
        }
      : undecided('a socket of the kernel itself: whether tcp_close stopped its timers shows at the next one');
  }
  if (isOverdue(reaping.expectedNs, observedAt, now)) return overdue(sock.state);
  const next = reaping.firings.find((firing) => firing.expectedNs > now) ?? reaping;
  return {
    kind: 'at',
    at: traceNs(reaping.earliestNs),
    expectedAt: traceNs(reaping.expectedNs),
    nextTimerAt: traceNs(Math.max(now, next.earliestNs)),
    ifSilentAt: silentNs === null ? null : traceNs(silentNs),
    rule: reaping.rule,
    because: [
      timer.because,
      ...(lingerEnd === null ? [] : [`close() waits for SO_LINGER, ${seconds(detail.lingerTime * jiffyMs)}, first`]),
      ...reasons(reaping, { rtoMs: timer.rtoMs, rtoMaxMs, orphanRetries: detail.orphanRetries }, host.pressure),
      ...(silentNs === null
        ? []
        : [
            'the peer has answered window probes: while it does only their interval counts, which answers do not reset',
            `if it stops, ${seconds((reaping.earliestNs - silentNs) / 1e6)} sooner`,
          ]),
    ],
    isExact: timer.isExact,
  };
};

type Figures = { readonly rtoMs: number; readonly rtoMaxMs: number; readonly orphanRetries: number };

/** The rule in words, with the figures it was applied to. */
const reasons = (
  { rule, limit, isAlive, firings }: Reaping,
  { rtoMs, rtoMaxMs, orphanRetries }: Figures,
  pressure: Pressure,
): readonly string[] => {
  const from =
    orphanRetries === limit ? `tcp_orphan_retries ${limit}` : `tcp_orphan_retries ${orphanRetries}, taken as ${limit}`;
  const ticks = `${firings.length} more ${firings.length === 1 ? 'tick' : 'ticks'} of its timer, icsk_rto ${seconds(rtoMs)} doubling to at most ${seconds(rtoMaxMs)}`;
  switch (rule) {
    case 'retries':
      return [
        ticks,
        isAlive
          ? `${from}: tcp_write_timeout gives up at the first tick after that many doublings from 200 ms`
          : `${from}: icsk_rto has reached its maximum by then, and tcp_write_timeout gives up`,
      ];
    case 'window_probes':
      return [
        ticks,
        isAlive
          ? `${from}: tcp_probe_timer gives up after ${limit} unanswered probes`
          : `${from}: the probes' interval has reached its maximum by then, and tcp_probe_timer gives up`,
      ];
    case 'user_timeout':
      return [ticks, `TCP_USER_TIMEOUT, ${seconds(limit)}, counts from the first tick and replaces tcp_orphan_retries`];
    case 'orphan_limit':
      return [
        `${pressure?.orphans ?? 0} orphans, counted ${2 ** limit} times, exceed tcp_max_orphans ${pressure?.maxOrphans ?? 0}: tcp_out_of_resources kills it at its next tick`,
      ];
  }
};

/** States in which the transmit timer decides; one that was announced before its FIN is on the way there. */
const isSending = ({ sock, closedAt }: SockRecord): boolean =>
  sock.state === TCP.FIN_WAIT1 ||
  sock.state === TCP.CLOSING ||
  sock.state === TCP.LAST_ACK ||
  (closedAt !== null &&
    (sock.state === TCP.ESTABLISHED || sock.state === TCP.SYN_RECV || sock.state === TCP.CLOSE_WAIT));

const isOverdue = (expectedNs: number, sinceNs: number, now: number): boolean =>
  now > expectedNs + (expectedNs - sinceNs) * WHEEL_SHARE + OVERDUE_NS;

const overdue = (state: number): Deadline =>
  undecided(
    `in ${stateName(state)} beyond what its timers allowed when last observed: something has set them anew, or its end was missed`,
  );

/** When the newest evidence was traced. */
const evidenceAt = ({ sock }: SockRecord, hello: Hello): number => {
  if (sock.latest === null) return sock.announcedAt;
  const end = sock.latest.indexOf(' ', 2);
  const boot = BigInt(hello.bootSec) * 1_000_000_000n + BigInt(hello.bootNsec);
  return Number(BigInt(sock.latest.slice(2, end)) - boot);
};
