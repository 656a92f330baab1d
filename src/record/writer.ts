import { createWriteStream, type WriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { constants, createZstdCompress } from 'node:zlib';
import { EXIT, Fault } from '../kernel/fault.ts';
import type { Meta } from '../wire/meta.ts';
import { TRAILER } from './format.ts';

/** Lines are handed to zstd in pieces of about this many characters. */
const PIECE = 64 * 1024;
/** At most this much of a recording is lost when finwait is killed. */
const FLUSH_MS = 1000;

export type RecordingWriter = {
  readonly start: (meta: Meta) => void;
  /** Returns false when the disk does not keep up; `onDrain` says when it does again. */
  readonly write: (line: string) => boolean;
  /** Writes the trailer and closes the file. @throws Fault when the disk was full or the file went away */
  readonly end: () => Promise<void>;
  /** Rejects, once, when writing fails. */
  readonly failed: Promise<never>;
};

/**
 * Opens a recording for writing.
 *
 * @param path - a file, which is made anew, or '-' for stdout
 * @throws Fault (exit 1) when it cannot be written
 */
export const openRecording = async (path: string, onDrain: () => void): Promise<RecordingWriter> => {
  const name = path === '-' ? 'stdout' : path;
  const sink: Writable | WriteStream =
    path === '-'
      ? process.stdout
      : createWriteStream(path, {
          fd: await open(path, 'w').catch((error: unknown) => Promise.reject(unwritable(name, error))),
        });
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const fail = (error: unknown): void => failed.reject(unwritable(name, error));
  sink.on('error', fail);
  zstd.on('error', fail);
  zstd.pipe(sink, { end: path !== '-' });
  zstd.on('drain', onDrain);
  let piece = '';
  const give = (): boolean => {
    const taken = piece === '' || zstd.write(piece);
    piece = '';
    return taken;
  };
  const timer = setInterval(() => {
    give();
    zstd.flush();
  }, FLUSH_MS);
  timer.unref();

  return {
    start: (meta) => {
      piece = `${JSON.stringify(meta)}\n`;
    },
    write: (line) => {
      piece += `${line}\n`;
      return piece.length < PIECE || give();
    },
    end: () => {
      clearInterval(timer);
      piece += `${TRAILER}\n`;
      give();
      const closed = new Promise<void>((resolve) => {
        if (path === '-') zstd.once('end', () => sink.write('', () => resolve()));
        else sink.once('close', () => resolve());
      });
      zstd.end();
      return Promise.race([closed, failed.promise]);
    },
    failed: failed.promise,
  };
};

const unwritable = (name: string, error: unknown): Fault => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const remedies: Readonly<Record<string, string>> = {
    ENOSPC: 'free some space (df -h), or record to another disk with -o',
    EACCES: 'choose a file you may write with -o',
    EROFS: 'the file system is read-only: choose another place with -o',
    ENOENT: 'make the folder first, or choose another place with -o',
    EISDIR: 'name a file, not a folder, with -o',
    EPIPE: 'the reader of stdout has gone',
  };
  return new Fault(`${name} cannot be written (${code})`, {
    why: 'the recording ends here; what was written before can be replayed',
    remedy: remedies[code] ?? 'choose another place with -o',
    exitCode: EXIT.failed,
  });
};
