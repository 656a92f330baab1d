import type { CauseNote } from '../../explain/causes/note.ts';
import { bullet, labelled, paragraph } from './paragraph.ts';

/** A line for each cause: its name and its title. */
export const indexLines = (notes: readonly CauseNote[], columns: number): readonly string[] => {
  const labelWidth = Math.max(...notes.map(({ cause }) => cause.length)) + 1;
  return notes.flatMap(({ cause, title }) => labelled(cause, title, Math.max(80, columns), labelWidth, 0));
};

/** What is known of a cause, for `explain --list`. */
export const causeLines = (note: CauseNote, columns: number): readonly string[] => {
  const width = Math.max(80, columns);
  return [
    ...paragraph(`${note.cause}: ${note.title}`, width),
    ...paragraph(note.meaning, width, 2),
    ...paragraph(`Kernel: ${note.cites}`, width, 2),
    '  What helps',
    ...note.helps.flatMap((text) => bullet(text, width, 4)),
    '  What does not help',
    ...note.doesNotHelp.flatMap((text) => bullet(text, width, 4)),
  ];
};
