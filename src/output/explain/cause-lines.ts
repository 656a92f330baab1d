import type { CauseText } from '../../explain/causes/cause.ts';
import { type Printable, safe } from '../../text/printable.ts';
import { bullet, labelled, paragraph } from './paragraph.ts';

type Named = Pick<CauseText, 'title' | 'meaning' | 'cites' | 'helps' | 'doesNotHelp'> & { readonly name: string };

/** A line for each cause: its name and its title. */
export const indexLines = (causes: readonly Named[], columns: number): readonly Printable[] => {
  const labelWidth = Math.max(...causes.map(({ name }) => name.length)) + 1;
  return causes.flatMap(({ name, title }) => labelled(name, title, Math.max(80, columns), labelWidth, 0));
};

/** All about a cause, for `explain --list`. */
export const causeLines = (cause: Named, columns: number): readonly Printable[] => {
  const width = Math.max(80, columns);
  return [
    ...paragraph(`${cause.name}: ${cause.title}`, width),
    ...paragraph(cause.meaning, width, 2),
    ...paragraph(`Kernel: ${cause.cites}`, width, 2),
    safe`  What helps`,
    ...cause.helps.flatMap((text) => bullet(text, width, 4)),
    safe`  What does not help`,
    ...cause.doesNotHelp.flatMap((text) => bullet(text, width, 4)),
  ];
};
