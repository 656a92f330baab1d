import type { Place } from './scenario.ts';

type OfRun = { readonly scenario: string /** Counts the plays of this run of the lab. */; readonly run: number };

/** Two namespaces and the sysctls that are set in `near` (net.ipv4.*): one for each set of them. */
export type Stage = Place & {
  /** Inodes: what finwait calls `netns`. */
  readonly netns: number;
  readonly far_netns: number;
  readonly sysctls: Readonly<Record<string, number>>;
};

/**
 * The worker's words, one a line of `finwait lab --json`, told apart by `type`. `at` is in seconds since 1970.
 *
 * - `lab_socket`: this socket was made to die (or, as `control`, is there and must not be reported yet)
 * - `lab_gone`: no full sk is left of it
 * - `lab_played`, `lab_skipped`, `lab_failed`: one of them ends each play
 * - `lab_hold`: all is played, the namespaces stand until SIGINT
 * - `lab_end`: all is removed; the last line
 */
export type LabEvent =
  | {
      readonly type: 'lab_start';
      readonly family: 'ipv4' | 'ipv6';
      /** The worker's. */
      readonly pid: number;
      readonly stages: readonly Stage[];
      /** Index in `stages` of the stage that a scenario plays on. */
      readonly scenarios: Readonly<Record<string, number>>;
    }
  | (OfRun & { readonly type: 'lab_play'; readonly netns: number })
  | (OfRun & {
      readonly type: 'lab_socket';
      /** `child`: of a listener, never accepted. */
      readonly role: 'dying' | 'child' | 'control';
      readonly family: 'ipv4' | 'ipv6';
      readonly netns: number;
      readonly laddr: string;
      readonly lport: number;
      /** Null for listeners and what never connected; `rport` is 0 then. */
      readonly raddr: string | null;
      readonly rport: number;
      /** Pid of the process that held it. */
      readonly pid: number;
      readonly at: number;
    })
  | (OfRun & { readonly type: 'lab_gone'; readonly lport: number; readonly rport: number; readonly at: number })
  | (OfRun & { readonly type: 'lab_played' })
  | (OfRun & { readonly type: 'lab_skipped'; readonly reason: string })
  | (OfRun & { readonly type: 'lab_failed'; readonly error: string })
  | { readonly type: 'lab_hold' }
  | { readonly type: 'lab_fault'; readonly what: string; readonly why: string; readonly remedy: string }
  | { readonly type: 'lab_end'; readonly stopped: boolean; readonly seconds: number };
