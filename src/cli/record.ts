import { EXIT, type ExitCode } from '../kernel/fault.ts';
import { isStdout } from '../record/writer.ts';
import { filterTexts, minAgeOf, type SharedOptions } from './arguments.ts';
import { createFold, type Fold } from './fold.ts';
import { tell, tellFault } from './messages.ts';
import { runLive, untilSignalled } from './source.ts';
import { lossOf } from './trace.ts';

/** `finwait record`: the event stream to a file. The stream is folded all the same, to say what was lost. */
export const record = async (options: SharedOptions): Promise<ExitCode> => {
  const path = options.record ?? `finwait-${new Date().toISOString().replace(/[:.]/g, '-')}.fwr`;
  const name = isStdout(path) ? 'stdout' : path;
  let fold: Fold | null = null;
  let lines = 0;
  const end = await runLive(
    { ...options, record: path },
    minAgeOf(options),
    {
      onMeta: (meta) => {
        fold = createFold(meta, { onEnd: () => {}, onLedger: () => {}, onNotice: tell });
        const idle = idleFilters(options);
        if (idle.length > 0) tell(`the recording has all sockets whatever ${idle.join(', ')}: filter when it is read`);
        tell(`recording to ${name}; Ctrl+C ends it`);
      },
      onLine: (line) => {
        lines++;
        fold?.push(line);
      },
      isInDoubt: () => fold?.isInDoubt() ?? false,
      onEnd: async () => fold?.end(),
    },
    untilSignalled(),
  );
  if (end.fault !== null) {
    tellFault(end.fault);
    return end.fault.exitCode;
  }
  tell(`${lines} lines recorded to ${name}; see them with: finwait replay ${path}`);
  return lossOf(fold) && options.strict === true ? EXIT.lost : EXIT.done;
};

/** Filters that the kernel does not apply: all where each close is announced, the state where not. */
const idleFilters = (options: SharedOptions): readonly string[] => {
  const { min_age_us, ...given } = filterTexts(options);
  return Object.keys(given).filter((name) => name === 'state' || minAgeOf(options) === 0);
};
