import { EXIT, Fault } from '../kernel/fault.ts';

export type Output = {
  readonly line: (text: string) => void;
  /** Resolves when all lines are written. @throws Fault when stdout cannot take them */
  readonly flush: () => Promise<void>;
  /** Aborted when the reader of stdout has gone, as `head` does. */
  readonly closed: AbortSignal;
};

/** Lines to stdout, in pieces: one write a turn, not one a line. A reader that goes away ends the run, quietly. */
export const createOutput = (): Output => {
  const controller = new AbortController();
  let failure: Fault | null = null;
  let piece = '';
  let isScheduled = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') {
      failure = new Fault(`stdout cannot be written (${error.code ?? error.message})`, {
        why: 'the rest of the output is lost',
        remedy: error.code === 'ENOSPC' ? 'free some space (df -h)' : 'look where stdout goes',
        exitCode: EXIT.failed,
      });
    }
    controller.abort();
  });
  const give = (): void => {
    isScheduled = false;
    const text = piece;
    piece = '';
    if (text !== '' && !controller.signal.aborted) process.stdout.write(text);
  };
  return {
    line: (text) => {
      piece += `${text}\n`;
      if (piece.length > 65_536) give();
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(give);
    },
    flush: async () => {
      give();
      if (!controller.signal.aborted) await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
      if (failure !== null) throw failure;
    },
    closed: controller.signal,
  };
};
