import { createReadStream } from 'node:fs';
import { type Readable, Transform } from 'node:stream';
import { constants, createZstdDecompress } from 'node:zlib';
import { EXIT, Fault } from '../kernel/fault.ts';
import { BOUNDS } from '../wire/bounds.ts';
import type { Meta } from '../wire/meta.ts';
import { badRecording, parseMeta, TRAILER, ZSTD_MAGIC } from './format.ts';
import { createLineSink } from './line-sink.ts';

/** Bytes read, and unpacked, at a time: each piece is a trip to zstd's thread and back; larger ones leave the cache. */
const CHUNK = 64 * 1024;

export type ReadOptions = {
  readonly onMeta: (meta: Meta) => void;
  /** Takes a line. A promise holds the reading up until it is settled. */
  readonly onLine: (line: string) => Promise<void> | undefined;
  /** Ends the reading early; the part that was read counts as all there is. */
  readonly signal?: AbortSignal;
};

export type ReadResult = {
  /** The recording has no end: it was cut off, or finwait was killed while it recorded. */
  readonly isCut: boolean;
  /**
   * The rest was left unread from some point on: no recording of a host unpacks to so much. Such a recording is cut,
   * too.
   */
  readonly isBomb: boolean;
  readonly lines: number;
};

/**
 * Reads a recording, line by line, as far as it goes.
 *
 * @param path - the file, or '-' for stdin
 * @throws Fault (exit 1) when it is empty, no recording, of a newer schema, or packed with too large a window; a cut is no
 *   fault but a result
 */
export const readRecording = async (path: string, options: ReadOptions): Promise<ReadResult> => {
  const name = path === '-' ? 'stdin' : path;
  const source: Readable = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: CHUNK });
  // A frame that ends too early is no error with this flush: an error would drop what a slow reader has not taken yet.
  const zstd = createZstdDecompress({
    chunkSize: CHUNK,
    finishFlush: constants.ZSTD_e_flush,
    params: { [constants.ZSTD_d_windowLogMax]: BOUNDS.windowLog },
  });
  const lines = createLineSink((line) => take(line));
  let textBytes = 0;
  let isBomb = false;
  const bounded = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      textBytes += chunk.length;
      // This counts the bytes that zstd has taken in, and not those that were read ahead of it.
      isBomb ||= textBytes > BOUNDS.freeText + BOUNDS.expansion * zstd.bytesWritten;
      if (isBomb) lines.end();
      else done(null, chunk);
    },
  });
  let head: Buffer = Buffer.alloc(0);
  let fault: Fault | null = null;
  source.on('data', (chunk: Buffer) => {
    if (head.length < ZSTD_MAGIC.length) head = Buffer.concat([head, chunk.subarray(0, ZSTD_MAGIC.length)]);
  });
  source.on('error', (error: NodeJS.ErrnoException) => {
    fault = unreadable(name, error);
    zstd.destroy();
    lines.end();
  });
  // Without this a stdin that says nothing, and does not end, would hold us.
  const leave = (): void => {
    source.destroy();
    zstd.destroy();
    lines.end();
  };
  options.signal?.addEventListener('abort', leave, { once: true });
  // Damage is a cut for us.
  zstd.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === WINDOW_TOO_LARGE) fault = badRecording.farBack(name);
    lines.end();
  });
  let meta: Meta | null = null;
  let count = 0;
  let isEnded = false;
  let torn = '';
  // One line is held back: the last of a cut recording may be half a line.
  const take = (line: string): Promise<void> | undefined => {
    if (options.signal?.aborted === true) return undefined;
    if (meta === null) {
      meta = parseMeta(line, name);
      options.onMeta(meta);
      return undefined;
    }
    if (line === TRAILER) {
      isEnded = true;
      return undefined;
    }
    const whole = torn;
    torn = line;
    if (whole === '') return undefined;
    count++;
    return options.onLine(whole);
  };
  try {
    await new Promise<void>((resolve, reject) => {
      lines.once('finish', resolve);
      lines.once('close', resolve);
      lines.once('error', reject);
      source.pipe(zstd).pipe(bounded).pipe(lines);
    });
  } finally {
    leave();
  }
  if (options.signal?.aborted === true) return { isCut: false, isBomb: false, lines: count };
  if (fault !== null) throw fault;
  if (head.length === 0) throw badRecording.empty(name);
  if (!head.subarray(0, 4).equals(Buffer.from(ZSTD_MAGIC))) throw badRecording.foreign(name);
  if (meta === null) throw badRecording.headless(name);
  // The last line of a cut recording may be half a line; if there is a trailer, it is whole.
  if (torn !== '' && isEnded) {
    count++;
    const rest = options.onLine(torn);
    if (rest !== undefined) await rest;
  }
  return { isCut: !isEnded || isBomb, isBomb, lines: count };
};

const WINDOW_TOO_LARGE = 'ZSTD_error_frameParameter_windowTooLarge';

const READ_REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'check the name; finwait record -o FILE makes one',
  EISDIR: 'name a file, not a folder',
};

const unreadable = (name: string, error: NodeJS.ErrnoException): Fault =>
  new Fault(`${name} cannot be read (${error.code ?? error.message})`, {
    why: 'there is no recording to show',
    remedy: READ_REMEDIES[error.code ?? ''] ?? 'check its permissions',
    exitCode: EXIT.failed,
  });
