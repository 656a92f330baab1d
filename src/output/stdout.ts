import { fstatSync, writeSync } from 'node:fs';
import { EXIT, Fault } from '../kernel/fault.ts';
import type { Sink } from '../stream/sink.ts';
import type { Printable } from '../text/printable.ts';
import { asciiJson } from '../wire/ascii-json.ts';

export type Output = {
  readonly line: (text: Printable) => void;
  /** One JSON object, in ASCII. */
  readonly record: (record: object) => void;
  /**
   * Undefined while the reader of stdout keeps up. Else a promise that settles when it does again, or has gone;
   * lines that wait are in memory.
   */
  readonly room: () => Promise<void> | undefined;
  /** Resolves when all lines are written. @throws Fault when stdout cannot take them */
  readonly flush: () => Promise<void>;
  /** Aborted when the reader of stdout has gone, as `head` goes. */
  readonly closed: AbortSignal;
};

/**
 * Writes lines to stdout in pieces: one write a turn, not one a line. A reader that goes away ends the run, quietly.
 */
export const createOutput = (): Output => {
  const controller = new AbortController();
  let failure: Fault | null = null;
  let piece = '';
  let isScheduled = false;
  const fail = (error: NodeJS.ErrnoException): void => {
    // A terminal that has gone answers with EIO.
    const isGone = error.code === 'EPIPE' || (error.code === 'EIO' && process.stdout.isTTY === true);
    if (!isGone && failure === null) {
      failure = new Fault(`stdout cannot be written (${error.code ?? error.message})`, {
        why: 'the rest of the output is lost',
        remedy: error.code === 'ENOSPC' ? 'free some space (df -h)' : 'look where stdout goes',
        exitCode: EXIT.failed,
      });
    }
    controller.abort();
  };
  process.stdout.on('error', fail);
  const isFile = isRegularFile(1);
  const give = (): void => {
    isScheduled = false;
    const text = piece;
    piece = '';
    if (text === '' || controller.signal.aborted) return;
    if (!isFile) process.stdout.write(text);
    else {
      try {
        writeWhole(1, text);
      } catch (error) {
        fail(error as NodeJS.ErrnoException);
      }
    }
  };
  const write = (text: string): void => {
    piece += `${text}\n`;
    if (piece.length > 65_536) give();
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(give);
  };
  return {
    line: write,
    record: (record) => write(asciiJson(record)),
    room: () => {
      if (!process.stdout.writableNeedDrain || controller.signal.aborted) return undefined;
      return new Promise((resolve) => {
        const done = (): void => {
          process.stdout.off('drain', done);
          controller.signal.removeEventListener('abort', done);
          resolve();
        };
        process.stdout.on('drain', done);
        controller.signal.addEventListener('abort', done);
      });
    },
    flush: async () => {
      give();
      if (!controller.signal.aborted) await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
      // A write's error comes a turn after its callback.
      await new Promise((resolve) => setImmediate(resolve));
      if (failure !== null) throw failure;
    },
    closed: controller.signal,
  };
};

/**
 * Node's own stdout writes to a file once and takes a half write for a whole one: a full disk would cut the output in
 * silence.
 */
const writeWhole = (fd: number, text: string): void => {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
};

const isRegularFile = (fd: number): boolean => {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
};

/** Connects a sink's lines to stdout: it waits for a slow reader, and ends when the reader has gone. */
export const flowOf = (output: Output): Required<Pick<Sink, 'room' | 'isGone' | 'end'>> => ({
  room: output.room,
  isGone: () => output.closed.aborted,
  end: output.flush,
});
