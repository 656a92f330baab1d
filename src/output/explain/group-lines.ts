import type { Group, Section } from '../../explain/report/report.ts';
import { counted, thousands } from '../../text/count.ts';
import { duration } from '../../text/duration.ts';
import { moment } from '../../text/moment.ts';
import { type Printable, safe } from '../../text/printable.ts';
import { percent } from '../../text/share.ts';
import { size } from '../../text/size.ts';
import { padded } from '../../text/width.ts';
import { labelled, paragraph } from './paragraph.ts';

const SHOWN = 10;

/** A section's heading, then its groups, largest first. */
export const sectionLines = (heading: string, section: Section, width: number): readonly Printable[] => {
  const { groups, totals } = section;
  if (totals.count === 0) return [];
  const shown = groups.slice(0, SHOWN);
  const hidden = groups.slice(SHOWN);
  const rest = hidden.reduce((sum, { count }) => sum + count, 0);
  return [
    ...paragraph(heading, width),
    ...shown.flatMap((group) => groupLines(group, width)),
    ...(hidden.length === 0
      ? []
      : paragraph(`and ${counted(rest, 'socket')} in smaller groups (--json has more)`, width, 2)),
  ];
};

const groupLines = (group: Group, width: number): readonly Printable[] => {
  const figures = safe`${padded(thousands(group.count), 9, 'right')} ${padded(percent(group.share), 6, 'right')}`;
  const pid = group.pid === null ? '' : ` (process ${group.pid})`;
  const name = group.is_other ? 'other: what had no room in this table' : `${group.key}${pid}`;
  return [
    ...labelled(figures, `${name}${group.uncertain === 0 ? '' : ' ~'}`, width, figures.length),
    ...paragraph(detail(group), width, figures.length + 5),
  ];
};

const heldText = ({ held_bytes, held_unknown, held_now_bytes, held_now_unknown }: Group): string => {
  if (held_now_bytes !== null) return `${size(held_now_bytes)} held now${leftOut(held_now_unknown)}`;
  if (held_bytes === null) return 'what was held at the close is not known';
  return `${size(held_bytes)} held at the close${leftOut(held_unknown)}`;
};

const leftOut = (unknown: number): string => (unknown === 0 ? '' : ` (of ${thousands(unknown)} not known)`);

const list = (counts: readonly { readonly key: string; readonly count: number }[]): string =>
  counts.map(({ key, count }) => `${key} ${thousands(count)}`).join(', ');

const detail = (group: Group): string =>
  [
    group.oldest_us === null ? 'its age is not known' : `longest ${duration(group.oldest_us)}`,
    ...(group.since === null ? [] : [`first closed ${moment(group.since)}`]),
    heldText(group),
    ...(saysMore(group.causes, group.key) ? [`causes: ${list(group.causes)}`] : []),
    ...(saysMore(group.waiting_for, group.key) && list(group.waiting_for) !== list(group.causes)
      ? [`waited for: ${list(group.waiting_for)}`]
      : []),
    `kept by: ${list(group.sides)}`,
    ...deadlines(group),
    ...(group.uncertain === 0 ? [] : [`${thousands(group.uncertain)} uncertain (~)`]),
  ].join('; ');

/** True if the group's sockets share more than the group's name says. */
const saysMore = (counts: readonly { readonly key: string }[], key: string): boolean =>
  counts.length > 1 || counts[0]?.key !== key;

const givesUp = (earliest: string, latest: string): string =>
  `the kernel gives up from ${earliest} on${earliest === latest ? '' : `, on the last not before ${latest}`}`;

const deadlines = ({
  deadline_earliest,
  deadline_latest,
  never_reaped,
  without_deadline,
  waiting_for,
}: Group): readonly string[] => [
  ...(deadline_earliest === null || deadline_latest === null
    ? []
    : [givesUp(moment(deadline_earliest), moment(deadline_latest))]),
  ...(never_reaped === 0
    ? []
    : [
        `on ${thousands(never_reaped)} it never gives up${waiting_for.some(({ key }) => key === 'delivering') ? ' (on those that deliver: while they do)' : ''}`,
      ]),
  ...(without_deadline === 0 ? [] : [`${thousands(without_deadline)} without a known deadline`]),
];
