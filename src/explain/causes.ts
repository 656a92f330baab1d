import { ABORTED } from './causes/aborted.ts';
import { LIMITED } from './causes/limited.ts';
import type { CauseNote } from './causes/note.ts';
import { ORDINARY } from './causes/ordinary.ts';
import { TIMED_OUT } from './causes/timed-out.ts';
import { WAITING } from './causes/waiting.ts';
import type { Cause } from './close-path.ts';

export type { CauseNote } from './causes/note.ts';

/** A note for each cause but `unknown`: what a dying socket waits for, then how one ended. */
export const CAUSES: readonly CauseNote[] = [...WAITING, ...ORDINARY, ...TIMED_OUT, ...ABORTED, ...LIMITED];

const BY_CAUSE: ReadonlyMap<Cause, CauseNote> = new Map(CAUSES.map((note) => [note.cause, note]));

/** What is known of a cause; null for `unknown`. */
export const noteOf = (cause: Cause): CauseNote | null => BY_CAUSE.get(cause) ?? null;
