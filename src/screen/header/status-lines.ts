import { MOST_ORPHAN_SHIFT } from '../../explain/kernel/resources.ts';
import { rate, thousands } from '../../text/count.ts';
import { shortAge } from '../../text/duration.ts';
import { type Printable, printable, safe } from '../../text/printable.ts';
import { finePercent } from '../../text/share.ts';
import { shortSize } from '../../text/size.ts';
import { UNKNOWN } from '../../text/unknown.ts';
import { cut } from '../../text/width.ts';
import { fitSegments, justify, type Line, lineWidth, type Segment, segment, span, type Tone } from '../frame/line.ts';
import type { Status } from '../frame/model.ts';

const PHASE_TONE: Readonly<Record<Status['phase'], Tone>> = {
  attaching: 'warn',
  tracing: 'plain',
  replaying: 'plain',
  ended: 'strong',
  failed: 'loud',
};

/** Live or the name of the recording, paused or not, the tracer, and the time. */
export const identityLine = (status: Status, isPaused: boolean, width: number): Line => {
  const source =
    status.source === 'live'
      ? span('LIVE', 'good')
      : span(
          safe`RECORDING ${cut(printable(status.sourceName), Math.max(12, Math.floor(width / 4)), 'start')}`,
          'strong',
        );
  const segments: Segment[] = [segment(5, span('finwait', 'strong')), segment(1, source)];
  if (isPaused) segments.push(segment(0, span(' PAUSED ', 'loud')));
  const phase = status.phase === 'attaching' ? 'attaching…' : status.phase;
  segments.push(segment(2, span(status.phase === 'failed' ? ' FAILED ' : phase, PHASE_TONE[status.phase])));
  if (status.backend !== '') segments.push(segment(6, span(printable(status.backend), 'dim')));
  if (status.tracer !== '') segments.push(segment(7, span(printable(status.tracer), 'dim')));
  const clock: Line =
    status.clock === ''
      ? []
      : [span(status.staleMs === null ? printable(status.clock) : safe`as of ${printable(status.clock)}`)];
  const room = clock.length === 0 ? width : width - lineWidth(clock) - 2;
  return justify(fitSegments(segments, room), clock, width);
};

/** The count that the kernel itself compares with its limit; our count if the kernel's is unknown. */
const counted = ({ kernelOrphans, orphans }: Status): number | null => kernelOrphans ?? orphans;

/** Orphans as a share of the limit; null if either is unknown. */
export const share = (status: Status): number | null => {
  const count = counted(status);
  return count === null || status.limit === null || status.limit <= 0 ? null : count / status.limit;
};

/**
 * The danger at this share, as a word: for orphans that time out the kernel doubles or quadruples the count.
 *
 * @see Linux 6.12 net/ipv4/tcp_timer.c, tcp_out_of_resources
 */
const danger = (part: number): readonly [Printable, Tone] => {
  if (part >= 1) return [safe` LIMIT REACHED `, 'loud'];
  if (part >= 1 / 2) return [safe` KILLS LIKELY `, 'loud'];
  return part >= 1 / 2 ** MOST_ORPHAN_SHIFT ? [safe`kills can start`, 'warn'] : [safe``, 'good'];
};

const WIDEST_BAR = 60;
const NARROWEST_BAR = 10;

/** The orphans' figures before the bar, the words behind it, and the columns left for the bar (0: none). */
type OrphanParts = { readonly left: Line; readonly right: Line; readonly bar: number };

export const orphanParts = (status: Status, width: number): OrphanParts => {
  const isAttaching = status.orphans === null && status.phase === 'attaching';
  const ours = isAttaching ? safe`attaching…` : thousands(status.orphans);
  const figure = (rank: number, text: Printable, label: Printable): Segment =>
    segment(rank, span(text, 'strong'), span(label, 'dim'));
  const part = share(status);
  const [word, tone] = part === null ? ([safe``, 'plain'] as const) : danger(part);
  const right: Line =
    part === null
      ? []
      : [
          span(safe` ${finePercent(part * 100)}`, tone === 'loud' ? 'strong' : tone),
          ...(word === '' ? [] : [span(' '), span(word, tone)]),
        ];
  const figures: readonly Segment[] = [
    segment(0, span('orphans ', 'dim'), span(ours, 'strong'), ...(isAttaching ? [] : [span(' ours', 'dim')])),
    figure(1, thousands(status.kernelOrphans), safe` kernel`),
    figure(2, thousands(status.limit), safe` limit`),
    // These are in no row of the table: that is said before anything else of this line.
    ...(status.unlocated > 0 ? [figure(0, thousands(status.unlocated), safe` unlocated`)] : []),
  ];
  const reserved = part === null || width < 80 || status.unlocated > 0 ? 0 : NARROWEST_BAR + 2;
  const left = fitSegments(figures, width - lineWidth(right) - reserved);
  const room = width - lineWidth(left) - lineWidth(right) - 2;
  return { left, right, bar: part === null || room < NARROWEST_BAR ? 0 : Math.min(room, WIDEST_BAR) };
};

/** Said while the inventory is read. It has to be seen: a count without the orphans of before looks like good news. */
export const COUNTING = safe`counting the orphans of before`;

/** True until the orphans that were there before the capture are counted. */
export const isCounting = ({ phase, orphans }: Pick<Status, 'phase' | 'orphans'>): boolean =>
  phase === 'tracing' && orphans === null;

/**
 * Where room is short, the greatest rank goes first. Doubts about the figures stay longest. Words that the figures can
 * be trusted come next, since their absence would say nothing.
 */
const RANK = { doubt: 0, unusable: 1, trusted: 2, rates: 3, held: 4, fast: 5, nothing: 6 } as const;

/** While nothing comes: the age of all figures. */
export const staleText = (staleMs: number): Printable => safe` as of ${shortAge(staleMs)} ago `;

const driftSegment = (status: Status, width: number): Segment => {
  const { drift, inFlight, orphans, kernelOrphans } = status;
  if (isCounting(status)) return segment(RANK.doubt, span(COUNTING, 'warn'));
  // Without events nobody knows if the counts still agree.
  if (status.staleMs !== null) return segment(RANK.doubt, span(staleText(status.staleMs), 'loud'));
  if (drift === null || orphans === null || kernelOrphans === null)
    return segment(RANK.trusted, span(safe`drift ${UNKNOWN}`, 'dim'));
  if (drift !== 0 && Math.abs(drift) <= inFlight) {
    return segment(RANK.trusted, span(safe`${thousands(inFlight)} under way`, 'dim'));
  }
  if (drift === 0) return segment(RANK.trusted, span(width < 100 ? 'in step' : 'in step with the kernel', 'good'));
  return segment(RANK.doubt, span(safe` DRIFT ${drift > 0 ? '+' : ''}${thousands(drift)} `, 'loud'));
};

/** Calm at 0, loud above. */
const loss = (count: number, word: Printable, rank: { readonly some: number; readonly none: number }): Segment =>
  count > 0
    ? segment(rank.some, span(safe` ${thousands(count)} ${printable(word.toUpperCase())} `, 'loud'))
    : segment(rank.none, span(safe`0 ${word}`, 'dim'));

const LOST = { some: RANK.doubt, none: RANK.trusted } as const;
const UNUSABLE = { some: RANK.unusable, none: RANK.nothing } as const;

/**
 * The memory held. It is a lower bound, or `?`, if some orphans are known from the inventory alone: their memory is
 * unknown.
 */
export const heldText = ({ heldBytes, heldUnknown }: Pick<Status, 'heldBytes' | 'heldUnknown'>): Printable => {
  if (heldBytes === null) return UNKNOWN;
  if (heldUnknown === 0) return shortSize(heldBytes);
  return heldBytes === 0 ? UNKNOWN : safe`>${shortSize(heldBytes)}`;
};

/** A narrower screen has no room for the meaning of fast. */
const WIDE = 120;

/** Deaths that were only counted, if there were any. The entries and the exits include them. */
const fastDeaths = (status: Status, width: number): readonly Segment[] => {
  const { fastDeaths, fastDeathsPerSec, minAgeMs } = status;
  if (fastDeaths === 0) return [];
  const age = minAgeMs === null ? '' : safe`<${shortAge(minAgeMs)}, `;
  const means = width < WIDE ? [] : [span(safe` (${age}counted in the kernel)`, 'dim')];
  // The rates come with the ledger, which waits for the inventory.
  const shown = status.orphans === null ? span(UNKNOWN, 'dim') : span(rate(fastDeathsPerSec));
  return [segment(RANK.fast, span('fast deaths ', 'dim'), shown, ...means)];
};

/** The speed and the memory, and the trust that all of it deserves. */
export const flowLine = (status: Status, width: number): Line => {
  const isKnown = status.orphans !== null;
  const value = (text: Printable) => span(isKnown ? text : UNKNOWN, isKnown ? 'plain' : 'dim');
  return fitSegments(
    [
      segment(RANK.rates, span('entries ', 'dim'), value(rate(status.entriesPerSec))),
      segment(RANK.rates, span('exits ', 'dim'), value(rate(status.exitsPerSec))),
      ...fastDeaths(status, width),
      segment(RANK.held, span('held ', 'dim'), value(heldText(status))),
      driftSegment(status, width),
      loss(status.lostEvents, safe`lost`, LOST),
      loss(status.outOfOrder, safe`late`, UNUSABLE),
      loss(status.malformed, safe`malformed`, UNUSABLE),
    ],
    width,
  );
};

/** One line: the work that the screen has given up, and the newest fault or warning. */
export const noticeLine = (status: Status, width: number): Line => {
  const text = noticeText(status);
  const [abnormal] = status.abnormal;
  if (text === '' && abnormal !== undefined) return [span(cut(printable(abnormal), width), 'warn')];
  return text === '' ? [span(' ')] : [span(cut(safe`! ${text}`, width), status.phase === 'failed' ? 'loud' : 'warn')];
};

const noticeText = ({ overload, notice }: Status): Printable =>
  printable([overload, notice].filter((part) => part !== '').join('; '));
