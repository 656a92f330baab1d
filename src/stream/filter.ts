import type { ClosePath, Dying } from '../explain/close-path.ts';
import { accepts } from '../filter/filter.ts';
import type { PathFilter } from '../filter/table.ts';

export const passes = (path: ClosePath | Dying, filter: PathFilter): boolean =>
  accepts(filter, path.dying_us, () => ({
    closer: path.closer,
    family: path.family,
    lport: path.lport,
    rport: path.rport,
    netns: path.netns,
    // Only the present state of a baseline orphan is known.
    wasIn: (state) =>
      path.state === state ||
      path.closed_in === state ||
      path.path.some((step) => step.from === state || step.to === state),
  }));
