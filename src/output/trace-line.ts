import type { ClosePath } from '../explain/close-path.ts';
import { endpoint } from '../kernel/address.ts';
import { printable } from '../text/printable.ts';

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
  const time = withTime ? `${path.closed_at?.slice(11, 19) ?? '?'}`.padEnd(AT) : '';
  const dying = path.dying_us === null ? '?' : durationText(path.dying_us);
  const local = endpoint(path.family, path.laddr, path.lport).padEnd(ADDR);
  const peer = endpoint(path.family, path.raddr, path.rport).padEnd(ADDR);
  const closer = path.closer;
  const states = path.path.map((step) => step.to);
  const from = path.path[0]?.from ?? path.closed_in ?? path.state;
  const route = [...(from === null ? [] : [from]), ...states].join('>');
  const end = path.ended_by ?? 'still dying';
  const retransmits = path.retransmits === 0 ? '' : `, ${path.retransmits} retransmits`;
  const doubt = path.gaps.length === 0 ? '' : `  ~ ${path.gaps.join(', ')}`;
  return `${time}${dying.padStart(DYING)} ${String(closer?.pid ?? '-').padStart(PID)} ${printable(closer?.comm ?? '-').padEnd(COMM)} ${local} ${peer} ${path.how.padEnd(HOW)} ${route} ${end}${retransmits}${doubt}`;
};

/** Microseconds with the unit that keeps three digits or so: `42 us`, `1.2 ms`, `61.05 s`. */
export const durationText = (us: number): string => {
  if (us < 1000) return `${us.toFixed(0)} us`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(1)} ms`;
  return `${(us / 1_000_000).toFixed(2)} s`;
};
