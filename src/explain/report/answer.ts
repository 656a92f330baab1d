import { counted, thousands } from '../../text/count.ts';
import { duration } from '../../text/duration.ts';
import { moment } from '../../text/moment.ts';
import { percent } from '../../text/share.ts';
import { size } from '../../text/size.ts';
import { causeNamed } from '../causes/order.ts';
import type { EndedBy, Side } from '../close-path.ts';
import { ssAddress } from '../sentences/peer.ts';
import { abnormalWords } from './abnormal-words.ts';
import { NO_PEER } from './keys.ts';
import type { Count, Report, ReportEnd, Totals } from './report.ts';
import type { Example, Share, Whose } from './whose.ts';

/** Number of causes and sides that are named; the rest is one figure. */
const NAMED = 3;

/** A harmless end that took at least this long deserves a remedy. */
const SLOW_US = 1_000_000;

/**
 * The answer for an incident channel, in one line: how many sockets, since when, why, whose, who kept them, what to do,
 * and what is doubtful.
 *
 * @returns text with names that processes and hosts gave themselves: make it printable before it is shown
 */
export const answerOf = (report: Omit<Report, 'answer'>, end: ReportEnd, whose: Whose | null): string => {
  const orphans = report.orphans.totals;
  const died = report.died.totals;
  const parts = orphans.count > 0 ? presentParts(report, end, whose) : absentParts(report, end, whose);
  if (orphans.count > 0 && died.count > 0) parts.push(`${diedWords(report)}.`);
  parts.push(...abnormalParts(report, end, parts));
  if (report.doubts.length > 0) parts.push(`Doubts: ${report.doubts.join('; ')}.`);
  return parts.join(' ');
};

const presentParts = (report: Omit<Report, 'answer'>, end: ReportEnd, whose: Whose | null): string[] => {
  const totals = report.orphans.totals;
  return [
    `${counted(totals.count, 'orphan')}${end.isFiltered ? ` that pass${totals.count === 1 ? 'es' : ''} the filters` : ''} on ${end.hostName}${limitWords(report)}, ${sinceWords(totals)}.`,
    `Why: ${causeWords(totals)}.`,
    ...whoseWords(whose),
    `Kept by: ${sideWords(totals.sides)}.`,
    ...remedy(report, totals, whose, end.netns),
  ];
};

const absentParts = (report: Omit<Report, 'answer'>, end: ReportEnd, whose: Whose | null): string[] => {
  const died = report.died.totals;
  const what = end.isFiltered ? 'No orphans that pass the filters' : 'No orphans described';
  const first = `${(report.host.orphans ?? 0) === 0 && !end.isFiltered ? 'No orphans' : what} on ${end.hostName}${limitWords(report)} at the end.`;
  if (died.count === 0) {
    const { tallied } = report;
    if (tallied === 0)
      return [first, `No socket${end.isFiltered ? ' that passes them' : ''} died while finwait watched.`];
    const whole = end.isFiltered ? ' on the whole host, whatever the filters' : '';
    return [first, `${counted(tallied, 'socket')} died too fast to be told of one by one${whole}.`];
  }
  return [
    first,
    `${diedWords(report)}.`,
    `How: ${causeWords(died)}.`,
    ...whoseWords(whose),
    `Kept by: ${sideWords(died.sides)}.`,
    ...remedy(report, died, whose, end.netns),
  ];
};

/** Number of rows of abnormal ends that are put into words. */
const ABNORMAL = 2;

/** Names the processes that end connections abnormally, and the first thing to do about the most frequent cause. */
const abnormalParts = (
  { abnormal }: Omit<Report, 'answer'>,
  { isFiltered }: ReportEnd,
  said: readonly string[],
): readonly string[] => {
  const [first] = abnormal;
  if (first === undefined) return [];
  const rest = abnormal.slice(ABNORMAL).reduce((sum, { count }) => sum + count, 0);
  const told = abnormal.slice(0, ABNORMAL).map(abnormalWords);
  const words = `Abnormal ends${isFiltered ? ' on the whole host' : ''}: ${told.join('; ')}${rest === 0 ? '' : `; ${thousands(rest)} more`}.`;
  const toDo = toDoWords(first.ended_by, causeNamed(first.ended_by)?.helps[0]);
  return [words, ...toDo.filter((text) => !said.includes(text))];
};

const toDoWords = (cause: string, help: string | undefined): readonly string[] =>
  help === undefined ? [] : [`To do (${cause}): ${help}`];

const diedWords = ({ died, died_as_orphans, tallied }: Omit<Report, 'answer'>): string => {
  const { count, oldest_us } = died.totals;
  const slowest = oldest_us === null ? '' : `, the slowest in ${duration(oldest_us)}`;
  return `${counted(count, 'socket')} died while finwait watched, ${died_as_orphans === count && count > 1 ? 'all' : thousands(died_as_orphans)} of them as orphans${slowest}${tallied === 0 ? '' : `; ${thousands(tallied)} more died too fast to be told of one by one`}`;
};

const limitWords = ({ host }: Omit<Report, 'answer'>): string => {
  const { kernelOrphans, limit } = host;
  if (kernelOrphans === null) return '';
  if (limit === null || limit <= 0) return ` (the kernel counts ${thousands(kernelOrphans)})`;
  return ` (the kernel counts ${thousands(kernelOrphans)}, ${percent((kernelOrphans / limit) * 100)} of its limit of ${thousands(limit)})`;
};

const sinceWords = (totals: Totals): string => {
  const { since, oldest_us } = totals;
  const age = oldest_us === null ? '' : ` (${duration(oldest_us)})`;
  return `${since === null ? 'since when is not known' : `the oldest since ${moment(since)}${age}`}, ${heldWords(totals)}`;
};

/** The memory they hold now says more than the memory at their close, which is often unknown. */
const heldWords = ({ held_bytes, held_unknown, held_now_bytes, held_now_unknown }: Totals): string => {
  if (held_now_bytes !== null) return `holding ${size(held_now_bytes)} now${leftOut(held_now_unknown)}`;
  if (held_bytes === null) return 'what they hold is not known';
  return `holding ${size(held_bytes)} at their close${leftOut(held_unknown)}`;
};

const leftOut = (unknown: number): string => (unknown === 0 ? '' : ` (of ${thousands(unknown)} not known)`);

const shares = <Key extends string>(counts: readonly Count<Key>[], name: (key: Key) => string): string => {
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const words = counts
    .slice(0, NAMED)
    .map(({ key, count }) => `${thousands(count)} (${percent((count / total) * 100)}) ${name(key)}`);
  const rest = counts.slice(NAMED).reduce((sum, { count }) => sum + count, 0);
  return [...words, ...(rest === 0 ? [] : [`${thousands(rest)} (${percent((rest / total) * 100)}) otherwise`])].join(
    '; ',
  );
};

const causeWords = ({ causes }: Totals): string =>
  shares(causes, (cause) => `${cause}, ${causeNamed(cause)?.title ?? 'the cause was not decided'}`);

const sideWords = (sides: readonly Count<Side>[]): string =>
  shares(sides, (side) => (side === 'none' ? 'nobody' : side === 'unknown' ? 'side not decided' : side));

const shareWords = ({ count, percent: share, isAtLeast }: Share): string =>
  `${isAtLeast ? 'at least ' : ''}${thousands(count)} (${percent(share)})`;

const whoseWords = (whose: Whose | null): readonly string[] => {
  if (whose === null) return [];
  const { network, port } = whose;
  const parts = [
    ...closerWords(whose),
    network === null ? 'no single peer network' : `${shareWords(network)} ${peerWords(network)}`,
    port === null ? 'no single port' : `${shareWords(port)} at ${port.name}`,
  ];
  return [`Whose: ${parts.join('; ')}.`];
};

const peerWords = ({ name, address }: NonNullable<Whose['network']>): string => {
  if (address !== null) return `with peer ${address}`;
  return name === NO_PEER ? 'without a peer' : `with peer network ${name}`;
};

/**
 * The largest closer with a name. If more sockets have an unobserved close than that closer closed, this comes first.
 */
const closerWords = ({ closer, unobserved }: Whose): readonly string[] => {
  const isUnobserved = unobserved !== null && unobserved.count > (closer?.count ?? 0);
  const pid = closer === null || closer.pid === null ? '' : `[${closer.pid}]`;
  return [
    ...(isUnobserved ? [`${shareWords(unobserved)} of a closer not observed`] : []),
    ...(closer === null
      ? isUnobserved
        ? []
        : ['no single closer']
      : [`${shareWords(closer)} of ${closer.name}${pid}`]),
  ];
};

/**
 * The first remedy for the largest cause that is not harmless. If minisocks reset data, the sockets before them were not
 * harmless, whatever their own paths say.
 */
const remedy = (
  { abnormal }: Omit<Report, 'answer'>,
  { causes, oldest_us }: Totals,
  whose: Whose | null,
  ownNetns: number | null,
): readonly string[] => {
  const later = new Set(abnormal.filter(({ by_minisock }) => by_minisock).map(({ ended_by }) => ended_by));
  const laterEnd = (key: string): EndedBy | undefined => {
    const end = causeNamed(key)?.minisockEndsBy;
    return end !== undefined && later.has(end) ? end : undefined;
  };
  const isSlow = (oldest_us ?? 0) >= SLOW_US;
  const isHarmful = (key: string): boolean => causeNamed(key)?.isHarmless === false || laterEnd(key) !== undefined;
  const worst = causes.find(({ key }) => isHarmful(key)) ?? (isSlow ? causes[0] : undefined);
  if (worst === undefined) return [];
  const cause = laterEnd(worst.key) ?? worst.key;
  const help = causeNamed(cause)?.helps[0];
  if (help === undefined) return [];
  const example = whose?.exampleOf(worst.key) ?? null;
  const peer = example?.raddr ?? null;
  return [...toDoWords(cause, peer === null ? help : withPeer(help, peer)), ...netnsWords(example, ownNetns)];
};

/** Puts the peer's address into a help. ss takes IPv6 in another form than `ip route get` and tcpdump. */
const withPeer = (help: string, peer: string): string =>
  help.replaceAll('dst PEER', () => `dst ${ssAddress(peer)}`).replaceAll('PEER', () => peer);

const ENTER = 'nsenter --net=/proc/PID/ns/net, PID a process there, if one is left (lsns -t net)';

/** A warning, since settings and commands for a socket of another namespace do nothing in ours, or do harm there. */
const netnsWords = (example: Example | null, ownNetns: number | null): readonly string[] =>
  example === null || example.netns === ownNetns ? [] : [`That is in network namespace ${example.netns}: ${ENTER}.`];
