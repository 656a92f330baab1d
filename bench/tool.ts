/** A tool's own words at its end. */
export type Said = {
  /** Events it says it lost; null where it says nothing of the kind. */
  readonly lost: number | null;
  /** finwait's ledger: its own count of orphans less the kernel's, at rest; null where there is none. */
  readonly drift: number | null;
};

export type Running = {
  /** Its CPU time and memory are those of this process and its descendants; null: nothing runs. */
  readonly pid: number | null;
  /** The time, from its rest on, after which its own words are final. */
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
