import type { ClosePath } from '../explain/close-path.ts';
import { counted } from '../text/count.ts';
import { durationColumn } from '../text/duration.ts';
import { localEnd, peerEnd } from '../text/endpoint.ts';
import { timeOfDay } from '../text/moment.ts';
import { joined, type Printable, printable, safe } from '../text/printable.ts';
import { UNKNOWN } from '../text/unknown.ts';
import { padded } from '../text/width.ts';

const AT = 9;
const DYING = 11;
const PID = 7;
const COMM = 16;
const ADDR = 22;
const HOW = 8;

/** Lines come in the order of the deaths. The time of day is that of the close: a slow death has an early one. */
export const traceHeading = (withTime: boolean): Printable =>
  safe`${withTime ? padded('CLOSED', AT) : ''}${padded('DYING', DYING, 'right')} ${padded('PID', PID, 'right')} ${padded('COMM', COMM)} ${padded('LOCAL', ADDR)} ${padded('PEER', ADDR)} ${padded('HOW', HOW)} PATH`;

/** One finished close path as a line. `~` marks an uncertain one; the reason stands at the line's end. */
export const traceLine = (path: ClosePath, withTime: boolean): Printable => {
  const { closed_at, dying_us, closer, retransmits } = path;
  const time = withTime ? padded(closed_at === null ? UNKNOWN : timeOfDay(closed_at), AT) : '';
  const dying = dying_us === null ? UNKNOWN : durationColumn(dying_us);
  const pid = closer === null ? '-' : safe`${closer.pid}`;
  const comm = closer === null ? '-' : printable(closer.comm);
  const states = path.path.map((step) => step.to);
  const from = path.path[0]?.from ?? path.closed_in ?? path.state;
  const route = joined([...(from === null ? [] : [from]), ...states], '>');
  const end = path.ended_by ?? 'still dying';
  const tries = retransmits === 0 ? '' : safe`, ${counted(retransmits, 'retransmit')}`;
  const doubt = path.gaps.length === 0 ? '' : safe`  ~ ${printable(path.gaps.join(', '))}`;
  return safe`${time}${padded(dying, DYING, 'right')} ${padded(pid, PID, 'right')} ${padded(comm, COMM)} ${padded(localEnd(path), ADDR)} ${padded(peerEnd(path), ADDR)} ${padded(path.how, HOW)} ${route} ${end}${tries}${doubt}`;
};
