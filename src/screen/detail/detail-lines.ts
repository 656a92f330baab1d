import type { ClosePath, Closer, Dying, How, Step } from '../../explain/close-path.ts';
import { thousands } from '../../text/count.ts';
import { shortDuration, shortOffset } from '../../text/duration.ts';
import { localEnd, peerEnd } from '../../text/endpoint.ts';
import { printable, safe } from '../../text/printable.ts';
import { shortSize } from '../../text/size.ts';
import { UNKNOWN } from '../../text/unknown.ts';
import { toWidth, wrapWords } from '../../text/width.ts';
import { type Line, lineWidth, span, type Tone } from '../frame/line.ts';
import { waitingText } from '../table/cells.ts';

const LEFT = 10;

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

/** Its endpoints, and before them whether it is uncertain: on one line, or as many as it takes to cut nothing. */
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

const closerWords = (closer: Closer | null): string => {
  if (closer === null) return UNKNOWN;
  const name = `${closer.comm}[${closer.pid}]`;
  if (!closer.exiting) return name;
  if (closer.exit_signal) return `${name}, exiting: killed by signal ${closer.exit_signal}`;
  return `${name}, exiting with status ${closer.exit_status ?? UNKNOWN}`;
};

const or = (value: string | number | null): string => (value === null ? UNKNOWN : String(value));

const stepLine = ({ at_us, from, to, by }: Step): Line => [
  span(safe`  ${toWidth(shortOffset(at_us), 10, 'right')}  `, 'dim'),
  span(safe`${toWidth(from, 12)} -> ${toWidth(to, 12)} `),
  span(by, 'dim'),
];

/** A heading and its sentences; nothing at all when there are none. */
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

const bytes = (path: ClosePath | Dying): string =>
  [
    `${shortSize(path.held_bytes)} of kernel memory`,
    `${shortSize(path.unread_bytes)} unread`,
    `${shortSize(path.unacked_bytes)} unacked`,
    `${shortSize(path.unsent_bytes)} unsent`,
    ...(path.lost_bytes === null ? [] : [`${shortSize(path.lost_bytes)} lost`]),
  ].join(', ');

/** When the kernel gives up on it, and by which rule. */
const deadlineTexts = (path: Dying): readonly string[] => [
  path.deadline === 'at'
    ? `the kernel gives up on it at ${or(path.deadline_at)}, by its timer wheel about ${or(path.deadline_expected_at)}`
    : path.deadline === 'never'
      ? 'the kernel never gives up on it'
      : 'when the kernel gives up on it is not known',
  ...path.deadline_because,
];

const pathLines = (path: ClosePath | Dying, width: number): readonly Line[] => {
  const isDying = path.ended_by === null;
  const ended = isDying ? 'still dying' : `${path.ended_by}${path.side === 'unknown' ? '' : `, kept by: ${path.side}`}`;
  return [
    ...headLines(path, width),
    ...entry('closer', closerWords(path.closer), width),
    ...entry('how', HOW[path.how], width),
    ...entry('closed at', `${or(path.closed_at)}, in ${or(path.closed_in)}`, width),
    ...entry('dying', `${shortDuration(path.dying_us)}, an orphan for ${shortDuration(path.orphan_us)}`, width),
    ...entry('waits for', waitingText(path.waiting_for), width),
    ...entry('ended by', ended, width, isDying ? 'plain' : 'strong'),
    ...entry('at close', bytes(path), width),
    ...entry(
      'sent',
      `${thousands(path.retransmits)} retransmits, ${thousands(path.probes)} unanswered window probes`,
      width,
    ),
    [span(' ')],
    [span('path', 'strong'), span('  since the close', 'dim')],
    ...(path.path.length === 0 ? [[span('  no transition was seen', 'dim')]] : path.path.map(stepLine)),
    ...sentences('because', path.because, width, 'plain'),
    ...(path.type === 'dying' ? sentences('deadline', deadlineTexts(path), width, 'plain') : []),
    ...sentences('gaps', path.gaps, width, 'warn'),
    ...sentences('advice', path.advice, width, 'plain'),
    [span(' ')],
    ...entry(
      'socket',
      `netns ${path.netns}, uid ${or(path.uid)}, cgroup ${or(path.cgroup_id)}, sk ${or(path.sk)} generation ${path.generation}, cookie ${or(path.cookie)}`,
      width,
    ),
  ];
};

/** The open close path as lines of at most `width` columns; a sentence while, or because, there is none. */
export const detailLines = (detail: ClosePath | Dying | null, width: number): readonly Line[] =>
  detail === null
    ? wrapWords('No close path is known for this socket (any more). esc goes back.', width).map((text) => [span(text)])
    : pathLines(detail, width);
