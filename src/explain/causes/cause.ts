import type { Inventoried } from '../../wire/event.ts';
import type { Facts } from '../evidence/facts.ts';
import type { FastDeath } from '../evidence/fast-death.ts';
import type { SockRecord } from '../evidence/record.ts';
import type { Adviser, Side } from '../evidence/subject.ts';

/** What finwait knows of a cause in general: the text of `explain --list` and of its page in docs/causes. */
export type CauseText = {
  /** A few words, lower case: `the peer never acknowledged our FIN`. */
  readonly title: string;
  /** What it means, in one sentence. */
  readonly meaning: string;
  /** How to recognise it with the tools that every host has. */
  readonly looksLike: string;
  readonly why: string;
  /** What helps, the first thing to try first; each a sentence with the exact setting or command. */
  readonly helps: readonly string[];
  /** What does not help though it is often advised, and why. */
  readonly doesNotHelp: readonly string[];
  /** The evidence that finwait goes by, for the page. */
  readonly howKnown: string;
  /** The same in a few words, for the table in docs/close-path.md. */
  readonly knownBy: string;
  /** The kernel functions that decide it. */
  readonly cites: string;
  /** The scenario of the lab that shows it: `finwait lab SCENARIO`. The page has a capture of it. */
  readonly scenario: string;
  /** What that capture shows, where it does not show it by itself. */
  readonly captureNote?: string;
};

/** What finwait does with a cause when it meets a socket. */
type CauseRules = {
  /** Who keeps such a socket dying, or ended it, unless the evidence says otherwise. */
  readonly side: Side;
  /** Nobody needs to do anything about it, unless it took long. */
  readonly isHarmless: boolean;
  /** What to do about one socket, and which sysctl would not help it. */
  readonly advice: Adviser;
};

/** The answer to a cause's question: what was seen, and whether that leaves no other cause. */
export type Verdict =
  | {
      readonly answer: 'yes';
      /** The evidence, in a sentence. */
      readonly because: string;
      /** Null: the cause's own. */
      readonly side: Side | null;
      /** False where another cause would look the same but for an event that did not come. */
      readonly certain: boolean;
    }
  | { readonly answer: 'no' }
  | {
      readonly answer: 'undecided';
      /** What speaks for it, and what is missing. */
      readonly because: string;
      readonly side: Side;
    };

/** One way for a socket to end. */
export type EndingCause<Name extends string> = CauseText &
  CauseRules & {
    /** As in `ended_by`. */
    readonly name: Name;
    /** Whether a sock ended so. Pure; asked once its full sk is destroyed, and the answer brings its evidence. */
    readonly question: (facts: Facts) => Verdict;
    /** The same asked of a class of fast deaths: who ended them; null: no. Absent where a class does not tell. */
    readonly fastDeath?: (death: FastDeath) => Side | null;
    /**
     * tcp_close resets such a socket before it waits for anybody: `waiting_for` is `nothing`, however slow the machine.
     */
    readonly isResetAtOnce?: true;
  };

/** What decides what a sock waits for. */
export type Wait = {
  readonly state: number;
  readonly isWindowShut: boolean;
  /** close() has not returned: it waits for SO_LINGER. */
  readonly isLingering: boolean;
};

/** A word of `waiting_for`, whether there is a page about it or not. */
export type WaitingWord<Name extends string> = {
  /** As in `waiting_for`. */
  readonly name: Name;
  /** Behind the word in the screen's column, where there is room for more than the word. */
  readonly cell: string | null;
  /** What it means, on the help screen. */
  readonly help: string;
  /** Who keeps such a socket dying, unless the evidence says otherwise. */
  readonly side: Side;
  /** Whether a sock waits for it. Always decided: where no word says yes, `unknown` is what it waits for. */
  readonly question: (wait: Wait) => boolean;
  /** The same asked of an orphan that only the inventory knows: who keeps it; null: no. */
  readonly listed?: (orphan: Inventoried) => Side | null;
  /** The evidence of a sock that still is dying, in a sentence; `side` where that says who keeps it. */
  readonly evidence: (record: SockRecord) => { readonly because: string; readonly side?: Side };
};

/** One thing that a dying socket can wait for. */
export type WaitingCause<Name extends string> = CauseText & CauseRules & WaitingWord<Name>;

export const yes = (
  because: string,
  { side = null, certain = true }: { readonly side?: Side | null; readonly certain?: boolean } = {},
): Verdict => ({ answer: 'yes', because, side, certain });

export const NO: Verdict = { answer: 'no' };

export const undecided = (because: string, side: Side = 'unknown'): Verdict => ({ answer: 'undecided', because, side });
