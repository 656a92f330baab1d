/** Exit codes that users script against. */
export const EXIT = { done: 0, failed: 1, usage: 2, cannotTrace: 3, lost: 4 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * A fault of the environment or of the input: not a bug. Says what failed, why it matters, and what to try.
 * The CLI prints it in three lines and exits with `exitCode`.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly why: string;
  readonly remedy: string;
  readonly exitCode: ExitCode;

  constructor(what: string, detail: { readonly why: string; readonly remedy: string; readonly exitCode: ExitCode }) {
    super(what);
    this.why = detail.why;
    this.remedy = detail.remedy;
    this.exitCode = detail.exitCode;
  }
}
