import type { Inventoried } from '../../wire/event.ts';
import type { Facts } from '../evidence/facts.ts';
import type { FastDeath } from '../evidence/fast-death.ts';
import type { Standing } from '../evidence/standing.ts';
import type { Adviser, Side } from '../evidence/subject.ts';

/** The general text about a cause, for `explain --list` and for its page in docs/causes. */
export type CauseText = {
  /** A few words, lower case: `the peer never acknowledged our FIN`. */
  readonly title: string;
  /** The meaning, in one sentence. */
  readonly meaning: string;
  /** The way to recognise it with the tools that every host has. */
  readonly looksLike: string;
  readonly why: string;
  /** Remedies, the one to try first in front. Each is a sentence with the exact setting or command. */
  readonly helps: readonly string[];
  /** Remedies that are often advised and do not help, with the reason. */
  readonly doesNotHelp: readonly string[];
  /** finwait's evidence, for the page. */
  readonly howKnown: string;
  /** The evidence in a few words, for the table in docs/close-path.md. */
  readonly knownBy: string;
  /** The kernel functions that decide it. */
  readonly cites: string;
  /** The lab's scenario that shows it: `finwait lab SCENARIO`. The page has a capture of it. */
  readonly scenario: string;
  /** Says what that capture shows, if the capture alone does not make it clear. */
  readonly captureNote?: string;
};

/** The rules by which finwait judges a socket with this cause. */
type CauseRules = {
  /** The side that keeps such a socket dying, or ended it, unless the evidence says otherwise. */
  readonly side: Side;
  /** Nobody needs to do anything about it, unless it took long. */
  readonly isHarmless: boolean;
  /**
   * A minisock follows the socket, and may end the connection like this when the path has been told already. Then it is
   * not harmless. Abnormal ends `by_minisock` count those.
   */
  readonly minisockEndsBy?: 'data_after_close';
  /** Advice about one socket, and the sysctl that would not help it. */
  readonly advice: Adviser;
};

/** The answer to a cause's question: the evidence, and whether it rules out every other cause. */
export type Verdict =
  | {
      readonly answer: 'yes';
      /** The evidence, in a sentence. */
      readonly because: string;
      /** Null stands for the cause's own side. */
      readonly side: Side | null;
      /** False where another cause would look the same, but for an event that did not come. */
      readonly certain: boolean;
    }
  | { readonly answer: 'no' }
  | {
      readonly answer: 'undecided';
      /** The evidence for it, and the part that is missing. */
      readonly because: string;
      readonly side: Side;
    };

/** One way for a socket to end. */
export type EndingCause<Name extends string> = CauseText &
  CauseRules & {
    /** The word in `ended_by`. */
    readonly name: Name;
    /** Tells if a sock ended so. Pure. Asked once the full sk is destroyed; the answer brings its evidence. */
    readonly question: (facts: Facts) => Verdict;
    /**
     * Asks the same of a class of fast deaths: gives the side that ended them, or null for no. Left out where a class
     * cannot tell.
     */
    readonly fastDeath?: (death: FastDeath) => Side | null;
    /**
     * tcp_close resets such a socket before it waits for anybody. So `waiting_for` is `nothing`, however slow the
     * machine.
     */
    readonly isResetAtOnce?: true;
  };

/** The facts that decide what a sock waits for. */
export type Wait = {
  readonly state: number;
  readonly isWindowShut: boolean;
  /** close() has not returned: it waits for SO_LINGER. */
  readonly isLingering: boolean;
  /** `snd_una` moves from look to look. */
  readonly isDelivering: boolean;
};

/** A word of `waiting_for`, with or without a page about it. */
export type WaitingWord<Name extends string> = {
  /** The word in `waiting_for`. */
  readonly name: Name;
  /** Text behind the word in the screen's column, if the column has room for more than the word. */
  readonly cell: string | null;
  /** The meaning, on the help screen. */
  readonly help: string;
  /** The side that keeps such a socket dying, unless the evidence says otherwise. */
  readonly side: Side;
  /** True if a sock waits for it. Always decided: if no word says yes, the sock waits for `unknown`. */
  readonly question: (wait: Wait) => boolean;
  /** Asks the same of an orphan that only the inventory knows: gives the side that keeps it, or null for no. */
  readonly listed?: (orphan: Inventoried) => Side | null;
  /** The evidence from a sock that still is dying, in a sentence; with `side` if the evidence says who keeps it. */
  readonly evidence: (standing: Standing) => { readonly because: string; readonly side?: Side };
};

/** One thing that a dying socket can wait for. */
export type WaitingCause<Name extends string> = CauseText & CauseRules & WaitingWord<Name>;

export const yes = (
  because: string,
  { side = null, certain = true }: { readonly side?: Side | null; readonly certain?: boolean } = {},
): Verdict => ({ answer: 'yes', because, side, certain });

export const NO: Verdict = { answer: 'no' };

export const undecided = (because: string, side: Side = 'unknown'): Verdict => ({ answer: 'undecided', because, side });
