import type { EndedBy, Side } from '../close-path.ts';
import type { Facts } from './facts.ts';

/** A rule's answer: what it saw, and whether that leaves no other cause. */
export type Verdict =
  | {
      readonly answer: 'yes';
      readonly side: Side;
      /** The evidence, in a sentence. */
      readonly because: string;
      /** False where another cause would look the same but for an event that did not come. */
      readonly certain: boolean;
    }
  | { readonly answer: 'no' }
  | {
      readonly answer: 'undecided';
      readonly side: Side;
      /** What speaks for it, and what is missing. */
      readonly because: string;
    };

/** One way for a socket to end. Pure; asked once its full sk is destroyed. */
export type Rule = {
  readonly endedBy: Exclude<EndedBy, 'unknown'>;
  /** The kernel function that decides it. */
  readonly cites: string;
  readonly check: (facts: Facts) => Verdict;
};

export const yes = (side: Side, because: string, certain = true): Verdict => ({
  answer: 'yes',
  side,
  because,
  certain,
});
export const NO: Verdict = { answer: 'no' };
export const undecided = (because: string, side: Side = 'unknown'): Verdict => ({ answer: 'undecided', side, because });
