import { CAUSES } from '../explain/causes/order.ts';
import { EXIT, type ExitCode } from '../kernel/fault.ts';
import { causeLines, indexLines } from '../output/explain/cause-lines.ts';
import { causeRecord } from '../output/explain/cause-record.ts';
import { createOutput } from '../output/stdout.ts';
import { safe } from '../text/printable.ts';

/** `finwait explain --list [CAUSE]`: tells about the causes; needs neither root nor bpftrace. */
export const listCauses = async (cause: string | null, isJson: boolean): Promise<ExitCode> => {
  const output = createOutput();
  const causes = CAUSES.filter(({ name }) => cause === null || name === cause);
  const columns = process.stdout.isTTY ? process.stdout.columns : 80;
  const hasIndex = !isJson && cause === null;
  if (hasIndex) for (const line of indexLines(causes, columns)) output.line(line);
  causes.forEach((each, index) => {
    if (isJson) output.record(causeRecord(each));
    else
      for (const line of [...(index === 0 && !hasIndex ? [] : [safe``]), ...causeLines(each, columns)])
        output.line(line);
  });
  await output.flush();
  return EXIT.done;
};
