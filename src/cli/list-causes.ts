import { CAUSES, type CauseNote } from '../explain/causes.ts';
import { EXIT, type ExitCode } from '../kernel/fault.ts';
import { causeLines, indexLines } from '../output/explain/cause-lines.ts';
import { createOutput } from '../output/stdout.ts';

/** `finwait explain --list [CAUSE]`: what is known of the causes; needs neither root nor bpftrace. */
export const listCauses = async (cause: string | null, isJson: boolean): Promise<ExitCode> => {
  const output = createOutput();
  const notes: readonly CauseNote[] = CAUSES.filter((note) => cause === null || note.cause === cause);
  const columns = process.stdout.isTTY ? process.stdout.columns : 80;
  const hasIndex = !isJson && cause === null;
  if (hasIndex) for (const line of indexLines(notes, columns)) output.line(line);
  notes.forEach((note, index) => {
    const { doesNotHelp: does_not_help, ...rest } = note;
    if (isJson) output.line(JSON.stringify({ type: 'cause', ...rest, does_not_help }));
    else
      for (const line of [...(index === 0 && !hasIndex ? [] : ['']), ...causeLines(note, columns)]) output.line(line);
  });
  await output.flush();
  return EXIT.done;
};
