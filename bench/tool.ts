/** What a tool said of itself when it had ended. */
export type Said = {
  /** Events it says it lost; null where it says nothing of the kind. */
  readonly lost: number | null;
  /** finwait's ledger: its own count of orphans less the kernel's, at rest; null where there is none. */
  readonly drift: number | null;
};

export type Running = {
  /** Its CPU time and memory are those of this process and its descendants; null: nothing runs. */
  readonly pid: number | null;
  /** How long it may take, once it is at rest, until what it says of itself is final. */
  readonly settleMs?: number;
  readonly stop: () => Promise<Said>;
};

/** A row of the table. */
export type Tool = {
  readonly name: string;
  /** bpftrace's version, where it is one of several. */
  readonly bpftrace: string | null;
  /** The role in the ratios. */
  readonly role: 'none' | 'bare' | 'least' | 'finwait' | 'peer';
  /** Resolves when it traces. @throws Error with the reason when it cannot */
  readonly start: () => Promise<Running>;
};

export const NOTHING: Tool = {
  name: 'no tracer',
  bpftrace: null,
  role: 'none',
  start: async () => ({ pid: null, stop: async () => ({ lost: null, drift: null }) }),
};
