import type { ClosePath } from '../explain/close-path.ts';
import { counted } from '../text/count.ts';
import { durationColumn } from '../text/duration.ts';
import { localEnd, peerEnd } from '../text/endpoint.ts';
import { timeOfDay } from '../text/moment.ts';
import { printable } from '../text/printable.ts';
import { UNKNOWN } from '../text/unknown.ts';

const AT = 9;
const DYING = 11;
const PID = 7;
const COMM = 16;
const ADDR = 22;
const HOW = 8;

export const traceHeading = (withTime: boolean): string =>
  `${withTime ? 'TIME'.padEnd(AT) : ''}${'DYING'.padStart(DYING)} ${'PID'.padStart(PID)} ${'COMM'.padEnd(COMM)} ${'LOCAL'.padEnd(ADDR)} ${'PEER'.padEnd(ADDR)} ${'HOW'.padEnd(HOW)} PATH`;

/** One finished close path as a line; `~` marks one that is not certain, and says why at its end. */
export const traceLine = (path: ClosePath, withTime: boolean): string => {
  const time = withTime ? (path.closed_at === null ? UNKNOWN : timeOfDay(path.closed_at)).padEnd(AT) : '';
  const dying = path.dying_us === null ? UNKNOWN : durationColumn(path.dying_us);
  const local = localEnd(path).padEnd(ADDR);
  const peer = peerEnd(path).padEnd(ADDR);
  const closer = path.closer;
  const states = path.path.map((step) => step.to);
  const from = path.path[0]?.from ?? path.closed_in ?? path.state;
  const route = [...(from === null ? [] : [from]), ...states].join('>');
  const end = path.ended_by ?? 'still dying';
  const retransmits = path.retransmits === 0 ? '' : `, ${counted(path.retransmits, 'retransmit')}`;
  const doubt = path.gaps.length === 0 ? '' : `  ~ ${path.gaps.join(', ')}`;
  return `${time}${dying.padStart(DYING)} ${String(closer?.pid ?? '-').padStart(PID)} ${printable(closer?.comm ?? '-').padEnd(COMM)} ${local} ${peer} ${path.how.padEnd(HOW)} ${route} ${end}${retransmits}${doubt}`;
};
