import { causeOf } from '../../explain/cause-of.ts';
import { causeNamed } from '../../explain/causes/order.ts';
import { doubtsOf } from '../../explain/report/doubt.ts';
import type { Row } from '../../explain/report/report.ts';
import { duration, offset } from '../../text/duration.ts';
import { bothEnds } from '../../text/endpoint.ts';
import { moment } from '../../text/moment.ts';
import { type Printable, safe } from '../../text/printable.ts';
import { size } from '../../text/size.ts';
import { type Fact, factsText, factText, type Hand, pathFacts, valueText } from '../path-facts.ts';
import { axis } from './axis.ts';
import { bullet, labelled, paragraph } from './paragraph.ts';

const LABEL = 11;
const UNKNOWN = 'not known';
const MEMORY = 'of kernel memory';
const HAND: Hand = { unknown: UNKNOWN, us: duration, bytes: size };

type Facts = ReturnType<typeof pathFacts>;

const outcome = (row: Row): string => {
  const { dying_us: known, dying_at_least_us: least } = row;
  const age = known !== null ? duration(known) : least !== null ? `at least ${duration(least)}` : null;
  return row.type === 'dying'
    ? `dying for ${age ?? 'a time not known'}, waits for ${row.waiting_for}`
    : `died ${known === null ? 'after a time not known' : `in ${duration(known)}`}: ${row.ended_by ?? UNKNOWN}`;
};

const doubtText = (row: Row): string => {
  const doubts = doubtsOf(row);
  return doubts.length === 0 ? '' : `  ~ ${doubts.join(', ')}`;
};

const amount = ({ label, value }: Fact): string => {
  if (typeof value === 'number' && value > 0) return `${size(value)} ${label}`;
  return label === MEMORY ? 'no kernel memory' : `nothing ${label}`;
};

const unsentText = ({ unacked: { value: unacked }, unsent: { value: unsent } }: Facts): string => {
  if (unacked === null || unacked === 0 || unsent === null) return '';
  if (unsent === 0) return ' (all of it sent)';
  return unsent === unacked ? ' (none of it sent)' : ` (${size(unsent)} of it not sent)`;
};

/** The socket's queues, and what of them was lost. An unknown amount is named as unknown, once. */
const bytesText = (facts: Facts): string => {
  const parts: readonly Fact[] = [facts.unread, facts.unacked, facts.memory];
  const isKnown = ({ value }: Fact): boolean => value !== null;
  const known = parts.filter(isKnown).map((fact) => amount(fact) + (fact === facts.unacked ? unsentText(facts) : ''));
  const lost = [facts.lost].filter(isKnown).map(amount);
  const left = parts.filter((fact) => !isKnown(fact)).map(({ label }) => (label === MEMORY ? 'kernel memory' : label));
  if (known.length + lost.length === 0) return UNKNOWN;
  return [...known, ...lost, ...(left.length === 0 ? [] : [`${left.join(' and ')} ${UNKNOWN}`])].join(', ');
};

/** Its memory at the close, and the memory it holds now where that is known: one may be known without the other. */
const heldTexts = (row: Row): readonly string[] => {
  const now = heldNow(row);
  return [
    ...(row.held_bytes === null ? [] : [`held ${size(row.held_bytes)}${now === null ? '' : ' at its close'}`]),
    ...(now === null ? [] : [`holds ${size(now)} now`]),
  ];
};

const heldNow = (row: Row): number | null => (row.type === 'dying' ? row.held_now_bytes : null);

/** For a socket that is dying: its memory by the newest evidence, and when that was read. */
const nowText = (row: Row): string | null => {
  const held = heldNow(row);
  if (row.type !== 'dying' || held === null) return null;
  const memory = held === 0 ? 'no kernel memory' : `${size(held)} ${MEMORY}`;
  return `holds ${memory}, read at ${moment(row.refreshed_at)}`;
};

const sentText = ({ retransmits, probes }: Facts): string =>
  `${factText(retransmits, HAND)}, ${probes.value === null ? `${probes.label}s ${UNKNOWN}` : factText(probes, HAND)}`;

const deadlineText = (row: Row, { deadline }: Facts): string | null =>
  row.type === 'dying'
    ? `${valueText(deadline, HAND)}${row.next_timer_at === null ? '' : `; next timer ${moment(row.next_timer_at)}`}`
    : null;

/** A socket in a few lines: its end, its closer, its path on the axis. */
export const socketLines = (row: Row, width: number): readonly Printable[] => {
  const facts = pathFacts(row);
  const deadline = deadlineText(row, facts);
  return [
    ...paragraph(`${bothEnds(row)}  ${outcome(row)}${doubtText(row)}`, width),
    ...paragraph(
      [
        factText(facts.closer, HAND),
        factText(facts.side, HAND),
        ...heldTexts(row),
        sentText(facts),
        ...(deadline === null ? [] : [`deadline: ${deadline}`]),
        ...(facts.delivers.value === null ? [] : [factText(facts.delivers, HAND)]),
      ].join('; '),
      width,
      4,
    ),
    ...axis(row, width - 4).map((line) => safe`    ${line}`),
  ];
};

const sentences = (heading: Printable, texts: readonly string[], width: number): readonly Printable[] =>
  texts.length === 0 ? [] : [safe``, heading, ...texts.flatMap((text) => bullet(text, width))];

/** Everything about one socket. */
export const socketFullLines = (row: Row, width: number): readonly Printable[] => {
  const facts = pathFacts(row);
  const cause = causeOf(row);
  const note = causeNamed(cause);
  const entry = (label: string, text: string): readonly Printable[] => labelled(label, text, width, LABEL);
  const deadline = deadlineText(row, facts);
  const now = nowText(row);
  return [
    ...paragraph(`${bothEnds(row)}  ${outcome(row)}${doubtText(row)}`, width),
    safe``,
    ...axis(row, width - 2).map((line) => safe`  ${line}`),
    safe``,
    ...entry('socket', factsText([facts.sk, facts.generation, facts.cookie], HAND)),
    ...entry('where', factsText([facts.netns, facts.uid, facts.cgroup], HAND)),
    ...entry(facts.closer.label, `${valueText(facts.closer, HAND)} (${row.how})`),
    ...entry(facts.closedAt.label, `${valueText(facts.closedAt, HAND)}, ${factText(facts.closedIn, HAND)}`),
    ...entry(
      'time',
      `${factText(facts.dying, HAND)}, ${row.orphan_us === null ? 'never an orphan, or not known how long' : factText(facts.orphan, HAND)}`,
    ),
    ...entry('at close', bytesText(facts)),
    ...entry('since', sentText(facts)),
    ...(now === null ? [] : entry('now', now)),
    ...entry(row.type === 'dying' ? 'waits for' : 'waited for', row.waiting_for),
    ...entry('cause', `${cause}${note === null ? '' : `: ${note.title}`}`),
    ...entry(facts.side.label, valueText(facts.side, HAND)),
    ...(deadline === null ? [] : entry(facts.deadline.label, deadline)),
    ...(facts.delivers.value === null ? [] : entry(facts.delivers.label, valueText(facts.delivers, HAND))),
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
