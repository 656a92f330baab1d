import type { ClosePath, Closer, Dying, How, Side } from '../explain/close-path.ts';
import { thousands } from '../text/count.ts';
import { duration } from '../text/duration.ts';
import { moment, momentAfter } from '../text/moment.ts';
import { bytesPerSecond } from '../text/size.ts';

/**
 * One fact of a close path. Its value is null where it is not known. Text may hold names that processes gave
 * themselves: make it printable.
 */
export type Fact =
  | { readonly label: string; readonly unit: 'text'; readonly value: string | null }
  /** `us` are microseconds. The label of a count forms its plural with s. */
  | { readonly label: string; readonly unit: 'us' | 'bytes' | 'count'; readonly value: number | null };

/** A view's way to write a length of time and an amount, and its sign for an unknown value. */
export type Hand = {
  readonly unknown: string;
  readonly us: (us: number) => string;
  readonly bytes: (bytes: number) => string;
};

const text = (label: string, value: string | number | null): Fact => ({
  label,
  unit: 'text',
  value: value === null ? null : String(value),
});

/** The facts of a close path that the screen's detail and `explain --socket` both show, each in its own layout. */
export const pathFacts = (path: ClosePath | Dying) =>
  ({
    sk: text('sk', path.sk),
    generation: text('generation', path.generation),
    cookie: text('cookie', path.cookie),
    netns: text('netns', path.netns),
    uid: text('uid', path.uid),
    cgroup: text('cgroup', path.cgroup_id),
    closer: text('closed by', closerText(path.closer, path.how)),
    closedAt: text('closed', path.closed_at),
    closedIn: text('in', path.closed_in),
    dying: { label: 'dying', unit: 'us', value: path.dying_us },
    /** A lower bound; null where the time itself is known. */
    dyingAtLeast: { label: 'at least', unit: 'us', value: path.dying_us === null ? path.dying_at_least_us : null },
    orphan: { label: 'an orphan', unit: 'us', value: path.orphan_us },
    memory: { label: 'of kernel memory', unit: 'bytes', value: path.held_bytes },
    unread: { label: 'unread', unit: 'bytes', value: path.unread_bytes },
    unacked: { label: 'unacknowledged', unit: 'bytes', value: path.unacked_bytes },
    unsent: { label: 'unsent', unit: 'bytes', value: path.unsent_bytes },
    lost: { label: 'lost', unit: 'bytes', value: path.lost_bytes },
    retransmits: { label: 'retransmit', unit: 'count', value: path.retransmits },
    probes: { label: 'unanswered window probe', unit: 'count', value: path.probes },
    side: text('kept by', SIDES[path.side]),
    deadline: text('deadline', path.type === 'dying' ? deadlineText(path) : null),
    /** Null for one that delivers nothing. */
    delivers: text('delivers', path.type === 'dying' ? deliveredText(path) : null),
  }) as const satisfies Readonly<Record<string, Fact>>;

/** The value alone: `?`, `4242`, `12.3s`, `128K`. */
export const valueText = (fact: Fact, hand: Hand): string => {
  if (fact.value === null) return hand.unknown;
  if (fact.unit === 'text') return fact.value;
  return fact.unit === 'count' ? thousands(fact.value) : hand[fact.unit](fact.value);
};

/** With its label: `netns 4026531840`, `128K of kernel memory`, `1 retransmit`, `? unanswered window probes`. */
export const factText = (fact: Fact, hand: Hand): string => {
  const value = valueText(fact, hand);
  if (fact.unit === 'text') return `${fact.label} ${value}`;
  return `${value} ${fact.label}${fact.unit === 'count' && fact.value !== 1 ? 's' : ''}`;
};

/** Several facts in a row. */
export const factsText = (facts: readonly Fact[], hand: Hand): string =>
  facts.map((fact) => factText(fact, hand)).join(', ');

const SIDES: Readonly<Record<Side, string>> = {
  local: 'this host',
  peer: 'the peer',
  network: 'the network',
  limit: 'a limit of this host',
  operator: 'an operator',
  none: 'nobody',
  unknown: 'an unknown side',
};

const closerText = (closer: Closer | null, how: How): string | null => {
  if (closer === null) return how === 'unknown' ? null : `no process (${how})`;
  const name = `${closer.comm}[${closer.pid}]`;
  if (!closer.exiting) return name;
  if (closer.exit_signal) return `${name}, exiting, killed by signal ${closer.exit_signal}`;
  return `${name}, exiting with status ${closer.exit_status ?? 'not known'}`;
};

/** Kernel timers never fire early, and longer ones are overdue by more. Null where it is not known. */
const deadlineText = (row: Dying): string | null => {
  const { deadline, deadline_at: at, deadline_expected_at: expected, delivered_bytes_per_second: rate } = row;
  if (at === null) return deadline === 'never' ? `never${rate === null ? '' : ' while it delivers'}` : null;
  const hasAbout = expected !== null && moment(expected) !== moment(at);
  return `not before ${moment(at)}${hasAbout ? `, about ${momentAfter(expected, at)}` : ''}`;
};

/** The rate, and when it will be done if that stays: an estimate. */
const deliveredText = (row: Dying): string | null => {
  const { delivered_bytes_per_second: rate, delivered_over_us: overUs, delivered_expected_at: at } = row;
  if (rate === null || overUs === null) return null;
  const pace = `${bytesPerSecond(rate)}, measured over ${duration(overUs)}`;
  return at === null ? `${pace}; slower since` : `${pace}; at that rate done about ${moment(at)} (an estimate)`;
};
