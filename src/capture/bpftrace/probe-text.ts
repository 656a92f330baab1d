import type { Btf } from '../kernel/btf.ts';
import type { FilterText } from './probe-filter.ts';

const DIRECTIVE = /^\/\/@(if|elif|else|end)(?: (.+))?$/;

/**
 * Chooses among the alternatives of a probe script by what the running kernel's BTF has.
 *
 * A script as committed runs by hand: its `//@else` branch is live and the others are comments. Here the first
 * branch whose condition holds becomes live and the rest of its group becomes empty; line numbers stay.
 *
 * @param text - a script of probes/
 * @param has - `Btf.has`; `() => false` gives the script as it runs by hand
 * @param filter - chooses the sockets that are announced; null for all
 */
export const resolveProbe = (text: string, has: Btf['has'], filter: FilterText | null = null): string => {
  const holds = (condition: string): boolean => (condition === 'filter' ? filter !== null : has(condition));
  let inGroup = false;
  let isTaken = false;
  let isLive = false;
  return text
    .split('\n')
    .map((line) => {
      const directive = DIRECTIVE.exec(line);
      if (directive !== null) {
        const [, word, condition = ''] = directive;
        if (word === 'if') isTaken = false;
        inGroup = word !== 'end';
        isLive = word === 'else' ? !isTaken : word !== 'end' && !isTaken && holds(condition);
        isTaken ||= isLive;
        return line;
      }
      if (!inGroup) return line;
      const bare = line.startsWith('//') ? line.slice(2) : line;
      return isLive ? bare : '';
    })
    .join('\n')
    .replaceAll('BASELINE_FILTER', filter?.baseline ?? '')
    .replaceAll('FILTER', filter?.all ?? '');
};
