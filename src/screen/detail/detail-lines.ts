import type { ClosePath, Dying, How, Step } from '../../explain/close-path.ts';
import { type Fact, factsText, factText, type Hand, pathFacts, valueText } from '../../output/path-facts.ts';
import { shortDuration, shortOffset } from '../../text/duration.ts';
import { localEnd, peerEnd } from '../../text/endpoint.ts';
import { printable, safe } from '../../text/printable.ts';
import { shortSize } from '../../text/size.ts';
import { UNKNOWN } from '../../text/unknown.ts';
import { toWidth, wrapWords } from '../../text/width.ts';
import { type Line, lineWidth, span, type Tone } from '../frame/line.ts';
import { waitingText } from '../table/cells.ts';

const LEFT = 10;
const HAND: Hand = { unknown: UNKNOWN, us: shortDuration, bytes: shortSize };

const HOW: Readonly<Record<How, string>> = {
  close: 'close: a process closed it',
  exit: 'exit: its process was dying',
  listener: 'listener: its listener was closed before anyone accepted it',
  kernel: 'kernel: the kernel owned and closed it',
  none: 'none: destroyed without a close',
  unknown: UNKNOWN,
};

/** `name  words`, wrapped under the words. */
const entry = (name: string, words: string, width: number, tone: Tone = 'plain'): readonly Line[] =>
  wrapWords(printable(words), width - LEFT - 1).map((text, index) => [
    span(safe`${toWidth(index === 0 ? printable(name) : '', LEFT)} `, 'dim'),
    span(text, tone),
  ]);

/** The endpoints, with `uncertain` in front if the path is: on one line, or on as many as it takes to cut nothing. */
const headLines = (path: ClosePath | Dying, width: number): readonly Line[] => {
  const local = localEnd(path);
  const peer = peerEnd(path);
  const mark: Line = path.certain ? [] : [span('~ uncertain', 'warn')];
  const both: Line = [span(local, 'strong'), span(' -> ', 'dim'), span(peer, 'strong')];
  const all: Line = path.certain ? both : [...mark, span('  '), ...both];
  if (lineWidth(all) <= width) return [all];
  const endpoints: readonly Line[] =
    lineWidth(both) <= width
      ? [both]
      : [
          ...wrapWords(local, width).map((text) => [span(text, 'strong')]),
          ...wrapWords(peer, width - 3).map((text, index) => [
            span(index === 0 ? '-> ' : '   ', 'dim'),
            span(text, 'strong'),
          ]),
        ];
  return path.certain ? endpoints : [mark, ...endpoints];
};

const stepLine = ({ at_us, from, to, by }: Step): Line => [
  span(safe`  ${toWidth(shortOffset(at_us), 10, 'right')}  `, 'dim'),
  span(safe`${toWidth(from, 12)} -> ${toWidth(to, 12)} `),
  span(by, 'dim'),
];

/** A heading and its sentences; nothing if there are none. */
const sentences = (heading: string, texts: readonly string[], width: number, tone: Tone): readonly Line[] =>
  texts.length === 0
    ? []
    : [
        [span(' ')],
        [span(printable(heading), 'strong')],
        ...texts.flatMap((text) =>
          wrapWords(printable(text), width - 4).map((words, index) => [
            span(index === 0 ? '  - ' : '    '),
            span(words, tone),
          ]),
        ),
      ];

/** The time at which the kernel gives up on it, and the rule for that. */
const deadlineTexts = (path: Dying, { deadline }: ReturnType<typeof pathFacts>): readonly string[] => [
  deadline.value === null
    ? 'when the kernel gives up on it is not known'
    : path.deadline === 'never'
      ? `the kernel ${String(deadline.value).replace(/^never/, 'never gives up on it')}`
      : `the kernel gives up on it ${deadline.value}`,
  ...path.deadline_because,
];

const pathLines = (path: ClosePath | Dying, width: number): readonly Line[] => {
  const facts = pathFacts(path);
  const { memory, unread, unacked, unsent, lost, retransmits, probes } = facts;
  const atClose: readonly Fact[] = [memory, unread, unacked, unsent, ...(lost.value === null ? [] : [lost])];
  const isDying = path.ended_by === null;
  const ended = isDying
    ? 'still dying'
    : `${path.ended_by}${path.side === 'unknown' ? '' : `, ${factText(facts.side, HAND)}`}`;
  return [
    ...headLines(path, width),
    ...entry('closer', valueText(facts.closer, HAND), width),
    ...entry('how', HOW[path.how], width),
    ...entry('closed at', `${valueText(facts.closedAt, HAND)}, ${factText(facts.closedIn, HAND)}`, width),
    ...entry(
      'dying',
      facts.dyingAtLeast.value === null
        ? `${valueText(facts.dying, HAND)}, ${facts.orphan.label} for ${valueText(facts.orphan, HAND)}`
        : `${facts.dyingAtLeast.label} ${valueText(facts.dyingAtLeast, HAND)}`,
      width,
    ),
    ...entry('waits for', waitingText(path.waiting_for), width),
    ...(facts.delivers.value === null ? [] : entry(facts.delivers.label, valueText(facts.delivers, HAND), width)),
    ...entry('ended by', ended, width, isDying ? 'plain' : 'strong'),
    ...entry('at close', factsText(atClose, HAND), width),
    ...entry('sent', factsText([retransmits, probes], HAND), width),
    [span(' ')],
    [span('path', 'strong'), span('  since the close', 'dim')],
    ...(path.path.length === 0 ? [[span('  no transition was seen', 'dim')]] : path.path.map(stepLine)),
    ...sentences('because', path.because, width, 'plain'),
    ...(path.type === 'dying' ? sentences('deadline', deadlineTexts(path, facts), width, 'plain') : []),
    ...sentences('gaps', path.gaps, width, 'warn'),
    ...sentences('advice', path.advice, width, 'plain'),
    [span(' ')],
    ...entry(
      'socket',
      `${factsText([facts.netns, facts.uid, facts.cgroup, facts.sk], HAND)} ${factsText([facts.generation, facts.cookie], HAND)}`,
      width,
    ),
  ];
};

/** The open close path as lines of at most `width` columns. If there is none (yet), a sentence says so. */
export const detailLines = (detail: ClosePath | Dying | null, width: number): readonly Line[] =>
  detail === null
    ? wrapWords('No close path is known for this socket (any more). esc goes back.', width).map((text) => [span(text)])
    : pathLines(detail, width);
