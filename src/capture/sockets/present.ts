import { readdirSync } from 'node:fs';
import type { PathFilter } from '../../filter/table.ts';
import { commOf, seesAllPids } from './holders.ts';

/** Names that are like the one that is not there. */
const NAMED = 5;
/** Letters in which a name must begin alike to be taken for a slip of the other. */
const ALIKE = 3;

/**
 * Says that no process has the pid, or none the name, that a filter asks for: then most likely no socket will pass.
 *
 * @returns null where one has, and where not all processes can be seen
 */
export const whoIsMissing = ({ pid, comm }: Pick<PathFilter, 'pid' | 'comm'>, proc = '/proc'): string | null => {
  if ((pid === null && comm === null) || !seesAllPids(proc)) return null;
  const pids = readdirSync(proc).flatMap((name) => (/^\d{1,10}$/.test(name) ? [Number(name)] : []));
  // Where /proc hides the processes of others (hidepid), the first one is hidden too.
  if (!pids.includes(1) || commOf(proc, 1) === '?') return null;
  if (pid !== null && !pids.includes(pid)) return `no process had the pid ${pid} at the start`;
  if (comm === null) return null;
  const names = new Set(pids.map((each) => commOf(proc, each)));
  if (names.has(comm)) return null;
  const alike = [...names].filter((name) => isAlike(name.toLowerCase(), comm.toLowerCase())).toSorted();
  const there = alike.length === 0 ? '' : ` (but ${alike.slice(0, NAMED).join(', ')})`;
  return `no process was called ${comm} at the start${there}`;
};

const isAlike = (name: string, wanted: string): boolean =>
  name.includes(wanted) || (name.length >= ALIKE && name.slice(0, ALIKE) === wanted.slice(0, ALIKE));
