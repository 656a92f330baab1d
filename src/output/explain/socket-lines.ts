import { causeOf } from '../../explain/cause-of.ts';
import { causeNamed } from '../../explain/causes/order.ts';
import type { Closer, How, Side } from '../../explain/close-path.ts';
import { doubtsOf } from '../../explain/report/doubt.ts';
import type { Row } from '../../explain/report/report.ts';
import { counted } from '../../text/count.ts';
import { duration, offset } from '../../text/duration.ts';
import { bothEnds } from '../../text/endpoint.ts';
import { moment, momentAfter } from '../../text/moment.ts';
import { type Printable, safe } from '../../text/printable.ts';
import { size } from '../../text/size.ts';
import { axis } from './axis.ts';
import { bullet, labelled, paragraph } from './paragraph.ts';

const LABEL = 11;
const UNKNOWN = 'not known';
const MEMORY = 'of kernel memory';

const outcome = (row: Row): string => {
  const age = row.dying_us === null ? 'for a time not known' : duration(row.dying_us);
  return row.type === 'dying'
    ? `dying ${row.dying_us === null ? age : `for ${age}`}, waits for ${row.waiting_for}`
    : `died ${row.dying_us === null ? 'after a time not known' : `in ${age}`}: ${row.ended_by ?? UNKNOWN}`;
};

const SIDES: Readonly<Record<Side, string>> = {
  local: 'this host',
  peer: 'the peer',
  network: 'the network',
  limit: 'a limit of this host',
  operator: 'an operator',
  none: 'nobody',
  unknown: 'an unknown side',
};

const doubtText = (row: Row): string => {
  const doubts = doubtsOf(row);
  return doubts.length === 0 ? '' : `  ~ ${doubts.join(', ')}`;
};

const closerText = (closer: Closer | null, how: How): string => {
  if (closer === null) return how === 'unknown' ? UNKNOWN : `no process (${how})`;
  const name = `${closer.comm}[${closer.pid}]`;
  if (!closer.exiting) return name;
  if (closer.exit_signal) return `${name}, exiting, killed by signal ${closer.exit_signal}`;
  return `${name}, exiting with status ${closer.exit_status ?? 'not known'}`;
};

const amount = (bytes: number, what: string): string =>
  bytes > 0 ? `${size(bytes)} ${what}` : what === MEMORY ? 'no kernel memory' : `nothing ${what}`;

const unsentText = ({ unacked_bytes, unsent_bytes }: Row): string => {
  if (unacked_bytes === null || unacked_bytes === 0 || unsent_bytes === null) return '';
  if (unsent_bytes === 0) return ' (all of it sent)';
  return unsent_bytes === unacked_bytes ? ' (none of it sent)' : ` (${size(unsent_bytes)} of it not sent)`;
};

/** What the socket had in its queues, and what of that was lost; what is not known is named as such, once. */
const bytesText = (row: Row): string => {
  const { held_bytes, unread_bytes, unacked_bytes, lost_bytes } = row;
  const parts = [
    { bytes: unread_bytes, what: 'unread', more: '' },
    { bytes: unacked_bytes, what: 'unacknowledged', more: unsentText(row) },
    { bytes: held_bytes, what: MEMORY, more: '' },
  ];
  const known = parts.flatMap(({ bytes, what, more }) => (bytes === null ? [] : [amount(bytes, what) + more]));
  const lost = lost_bytes === null ? [] : [amount(lost_bytes, 'lost')];
  const left = parts
    .filter(({ bytes }) => bytes === null)
    .map(({ what }) => (what === MEMORY ? 'kernel memory' : what));
  if (known.length + lost.length === 0) return UNKNOWN;
  return [...known, ...lost, ...(left.length === 0 ? [] : [`${left.join(' and ')} ${UNKNOWN}`])].join(', ');
};

const sentText = ({ retransmits, probes }: Row): string =>
  `${counted(retransmits, 'retransmit')}, ${probes === null ? `unanswered window probes ${UNKNOWN}` : counted(probes, 'unanswered window probe')}`;

const DEADLINES = { at: '', never: 'never', unknown: 'not known' } as const;

/** The kernel's timers do not fire early, and the longer they are the later. */
const notBefore = (at: string, expectedAt: string | null): string => {
  const least = moment(at);
  const hasAbout = expectedAt !== null && moment(expectedAt) !== least;
  return `not before ${least}${hasAbout ? `, about ${momentAfter(expectedAt, at)}` : ''}`;
};

const deadlineText = (row: Row): string | null => {
  if (row.type !== 'dying') return null;
  const at = row.deadline_at === null ? DEADLINES[row.deadline] : notBefore(row.deadline_at, row.deadline_expected_at);
  return `${at}${row.next_timer_at === null ? '' : `; next timer ${moment(row.next_timer_at)}`}`;
};

/** A socket in a few lines: what became of it, who closed it, its path on the axis. */
export const socketLines = (row: Row, width: number): readonly Printable[] => {
  const deadline = deadlineText(row);
  return [
    ...paragraph(`${bothEnds(row)}  ${outcome(row)}${doubtText(row)}`, width),
    ...paragraph(
      [
        `closed by ${closerText(row.closer, row.how)}`,
        `kept by ${SIDES[row.side]}`,
        ...(row.held_bytes === null ? [] : [`held ${size(row.held_bytes)}`]),
        sentText(row),
        ...(deadline === null ? [] : [`deadline: ${deadline}`]),
      ].join('; '),
      width,
      4,
    ),
    ...axis(row, width - 4).map((line) => safe`    ${line}`),
  ];
};

const sentences = (heading: Printable, texts: readonly string[], width: number): readonly Printable[] =>
  texts.length === 0 ? [] : [safe``, heading, ...texts.flatMap((text) => bullet(text, width))];

/** All that is known of one socket. */
export const socketFullLines = (row: Row, width: number): readonly Printable[] => {
  const cause = causeOf(row);
  const note = causeNamed(cause);
  const entry = (label: string, text: string): readonly Printable[] => labelled(label, text, width, LABEL);
  const deadline = deadlineText(row);
  return [
    ...paragraph(`${bothEnds(row)}  ${outcome(row)}${doubtText(row)}`, width),
    safe``,
    ...axis(row, width - 2).map((line) => safe`  ${line}`),
    safe``,
    ...entry('socket', `sk ${row.sk ?? UNKNOWN}, generation ${row.generation}, cookie ${row.cookie ?? UNKNOWN}`),
    ...entry('where', `netns ${row.netns}, uid ${row.uid ?? UNKNOWN}, cgroup ${row.cgroup_id ?? UNKNOWN}`),
    ...entry('closed by', `${closerText(row.closer, row.how)} (${row.how})`),
    ...entry('closed', `${row.closed_at ?? UNKNOWN}, in ${row.closed_in ?? UNKNOWN}`),
    ...entry(
      'time',
      `${row.dying_us === null ? UNKNOWN : duration(row.dying_us)} dying, ${row.orphan_us === null ? 'never an orphan, or not known how long' : `${duration(row.orphan_us)} an orphan`}`,
    ),
    ...entry('at close', bytesText(row)),
    ...entry('since', sentText(row)),
    ...entry(row.type === 'dying' ? 'waits for' : 'waited for', row.waiting_for),
    ...entry('cause', `${cause}${note === null ? '' : `: ${note.title}`}`),
    ...entry('kept by', SIDES[row.side]),
    ...(deadline === null ? [] : entry('deadline', deadline)),
    ...entry('certain', doubtsOf(row).length === 0 ? 'yes' : `no: ${doubtsOf(row).join(', ')}`),
    ...sentences(
      safe`States, in time since the close`,
      row.path.map(({ at_us, from, to, by }) => `${offset(at_us)}: ${from} -> ${to} (${by})`),
      width,
    ),
    ...sentences(safe`Because`, row.because, width),
    ...sentences(safe`Until when`, row.type === 'dying' ? row.deadline_because : [], width),
    ...sentences(safe`What to do`, row.advice, width),
    ...(note === null
      ? []
      : [safe``, ...paragraph(`More: finwait explain --list ${cause}, docs/causes/${cause}.md`, width)]),
  ];
};
