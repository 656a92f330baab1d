import { Socket } from 'node:net';
import split2 from 'split2';
import { Fault } from '../../kernel/fault.ts';
import { type LiveCapture, startLive } from '../live.ts';
import { formatMessage, type ReaderMessage, type ReaderRequest } from './reader-protocol.ts';

/** Characters handed to the pipe at a time, at most. */
const PIECE = 64 * 1024;
/** Bytes that may wait for the pipe before bpftrace is given a rest. */
const MOST_WAITING = 1 << 20;

/**
 * The part of finwait that stays root: captures, and writes the stream to its stdout, as reader-protocol.ts has it. It
 * takes no signal for an order. Ctrl+C and systemd's stop reach the process that started it, which then gives the
 * order.
 *
 * @returns when the capture has ended and all is written
 */
export const runReader = async (request: ReaderRequest): Promise<void> => {
  const stopped = new AbortController();
  const orders = createOrders(() => stopped.abort());
  // bpftrace may have been told to end as well: that is then no fault of it.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stopped.abort());
  await orders.go;

  let capture: LiveCapture | null = null;
  const output = createLineOutput(() => capture?.resume());
  const say = (message: ReaderMessage): void => {
    output.line(formatMessage(message));
  };
  try {
    capture = await startLive({
      ...request,
      signal: stopped.signal,
      onLine: output.line,
      isInDoubt: orders.isInDoubt,
      onMeta: (meta) => say({ kind: 'meta', json: JSON.stringify(meta) }),
      onProgress: (text) => say({ kind: 'progress', text }),
    });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    say({ kind: 'failed', fault: error });
    return output.end();
  }
  if (capture === null) {
    say({ kind: 'stopped' });
    return output.end();
  }
  say({ kind: 'attached' });
  // The pipe may have been full, and empty again, before there was a capture to resume.
  capture.resume();
  const stop = (): void => void capture.stop();
  if (orders.isStopOrdered()) stop();
  else orders.onStop(stop);
  say({ kind: 'ended', fault: await capture.ended });
  return output.end();
};

type Orders = {
  readonly go: Promise<void>;
  readonly isInDoubt: () => boolean;
  readonly isStopOrdered: () => boolean;
  readonly onStop: (take: () => void) => void;
};

/** The orders that come on stdin. Its end is the end of this process at once; bpftrace is killed on the way out. */
const createOrders = (stopAttaching: () => void): Orders => {
  const go = Promise.withResolvers<void>();
  let isInDoubt = false;
  let isStopOrdered = false;
  let stop = stopAttaching;
  const orders = process.stdin.pipe(split2());
  orders.on('data', (order: string) => {
    if (order === 'go') go.resolve();
    else if (order === 'stop') {
      isStopOrdered = true;
      stop();
    } else if (order === 'doubt' || order === 'sure') isInDoubt = order === 'doubt';
  });
  const leave = (): never => process.exit(1);
  orders.once('end', leave);
  process.stdin.once('error', leave);
  return {
    go: go.promise,
    isInDoubt: () => isInDoubt,
    isStopOrdered: () => isStopOrdered,
    onStop: (take) => {
      stop = () => {
        stopAttaching();
        take();
      };
    },
  };
};

type LineOutput = {
  /** Returns false when the pipe does not keep up; `onDrain` says when it does again. */
  readonly line: (text: string) => boolean;
  /** Resolves when all is written. */
  readonly end: () => Promise<void>;
};

/** Lines to stdout in pieces, one a turn. process.stdout itself would block this process where a pipe is full. */
const createLineOutput = (onDrain: () => void): LineOutput => {
  const socket = new Socket({ fd: 1, readable: false, writable: true });
  socket.on('error', () => process.exit(1));
  socket.on('drain', onDrain);
  let piece = '';
  let isScheduled = false;
  let isEnded = false;
  const give = (): void => {
    isScheduled = false;
    const text = piece;
    piece = '';
    if (text !== '') socket.write(text);
  };
  return {
    line: (text) => {
      // A stop that was ordered as the capture ended looks once more at the host. Nobody reads behind the end.
      if (isEnded) return true;
      piece += `${text}\n`;
      if (piece.length >= PIECE) give();
      else if (!isScheduled) {
        isScheduled = true;
        setImmediate(give);
      }
      return socket.writableLength < MOST_WAITING;
    },
    end: () => {
      isEnded = true;
      give();
      return new Promise((resolve) => socket.end(resolve));
    },
  };
};
