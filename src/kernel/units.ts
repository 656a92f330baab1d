declare const unit: unique symbol;

/** Nanoseconds of boot clock since the capture's handshake; exact for 104 days, negative before it. */
export type TraceNs = number & { readonly [unit]: 'TraceNs' };
/** Address of a `struct sock`, 16 hex digits or fewer. The kernel reuses it: a key only with a generation. */
export type SkAddr = string & { readonly [unit]: 'SkAddr' };

export const traceNs = (ns: number): TraceNs => ns as TraceNs;
export const skAddr = (hex: string): SkAddr => hex as SkAddr;
