import { closeSync, createWriteStream, fstatSync, ftruncateSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { constants, createZstdCompress } from 'node:zlib';
import { EXIT, Fault } from '../kernel/fault.ts';
import { lockFile } from '../programs/lock-file.ts';
import { asciiJson } from '../wire/ascii-json.ts';
import type { Meta } from '../wire/meta.ts';
import { TRAILER } from './format.ts';
import { type OpenFile, openFile } from './open-file.ts';

/** Lines are handed to zstd in pieces of about this many characters. */
const PIECE = 64 * 1024;
/** At most this much of a recording is lost when finwait is killed. */
const FLUSH_MS = 1000;
/** It gives up on a file that is made and removed all the time. */
const MOST_TRIES = 10;

export type RecordingWriter = {
  /** Erases what the file held before. Until now it was still there. */
  readonly start: (meta: Meta) => void;
  /** Returns false when the disk does not keep up; `onDrain` says when it does again. Once failed, drops the line. */
  readonly write: (line: string) => boolean;
  /** Writes the trailer and closes the file. @throws Fault when the disk was full or the file went away */
  readonly end: () => Promise<void>;
  /** There is nothing to record after all: the file is as it was before, or gone if it is ours. Before `start` only. */
  readonly discard: () => Promise<void>;
  /** Rejects, once, when writing fails. */
  readonly failed: Promise<never>;
};

/** Names of stdout: it is written as it is, never opened anew. */
export const isStdout = (path: string): boolean => ['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'].includes(path);

/**
 * Opens a recording for writing.
 *
 * @param path - a file, which `start` empties, or one of stdout's names, such as '-'
 * @throws Fault (exit 1) when it cannot be written, another user may have put it there, or another finwait records to it
 */
export const openRecording = async (path: string, onDrain: () => void): Promise<RecordingWriter> => {
  const isOut = isStdout(path);
  const name = isOut ? 'stdout' : path;
  const file = isOut ? null : open(path);
  const sink = file === null ? stdoutSink() : createWriteStream(path, { fd: file.fd });
  if (file !== null) sink.once('close', file.leave);
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  let hasFailed = false;
  let given = 0;
  /** With so many bytes of it, a reader has the meta and lines: those of the first flush, or of a whole block. */
  let readableFrom = Number.POSITIVE_INFINITY;
  zstd.on('data', (bytes: Buffer) => {
    given += bytes.length;
  });
  const fail = (error: unknown): void => {
    hasFailed = true;
    failed.reject(unwritable(name, error, whatRemains(sink.bytesWritten, readableFrom)));
  };
  sink.on('error', fail);
  zstd.on('error', fail);
  zstd.pipe(sink, { end: !isOut });
  zstd.on('drain', onDrain);
  let piece = '';
  const give = (): boolean => {
    // zstd puts out whole blocks, the first one with the frame's header.
    const taken =
      piece === '' ||
      zstd.write(piece, () => {
        if (given > 0) readableFrom = Math.min(readableFrom, given);
      });
    piece = '';
    return taken;
  };
  let timer: NodeJS.Timeout | undefined;

  return {
    start: (meta) => {
      if (file?.isRegular === true) ftruncateSync(file.fd);
      piece = `${asciiJson(meta)}\n`;
      timer = setInterval(() => {
        if (hasFailed) return;
        give();
        zstd.flush(() => {
          readableFrom = Math.min(readableFrom, given);
        });
      }, FLUSH_MS);
      timer.unref();
    },
    write: (line) => {
      if (hasFailed) return true;
      piece += `${line}\n`;
      return piece.length < PIECE || give();
    },
    end: () => {
      clearInterval(timer);
      piece += `${TRAILER}\n`;
      give();
      const closed = new Promise<void>((resolve) => {
        if (isOut) zstd.once('end', () => sink.write('', () => resolve()));
        else sink.once('close', () => resolve());
      });
      zstd.end();
      return Promise.race([closed, failed.promise]);
    },
    discard: async () => {
      if (file === null) return;
      if (file.isNew) file.remove();
      const closed = new Promise<void>((resolve) => sink.once('close', () => resolve()));
      sink.destroy();
      await closed;
    },
    failed: failed.promise,
  };
};

type Sink = Writable & { readonly bytesWritten: number };

/** Node's own stdout takes half a write to a file for a whole one: a disk that fills up would leave a hole. */
const stdoutSink = (): Sink =>
  fstatSync(1).isFile() ? createWriteStream('', { fd: 1, autoClose: false }) : process.stdout;

/**
 * Opens without emptying: if tracing then cannot begin, an older recording of this name is still there. The file is
 * locked: of two recordings in one file, each would write over the other.
 */
const open = (path: string): OpenFile => {
  try {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const file = openFile(path);
      if (!file.isRegular) return file;
      const lock = lockFile(file.fd);
      // One that was just removed by the finwait that made it, as it had nothing to record, has no name any more.
      if (lock !== 'taken' && file.isNamed()) return file;
      closeSync(file.fd);
      file.leave();
      if (lock === 'taken') throw inUse(path);
    }
    throw Object.assign(new Error(path), { code: 'EAGAIN' });
  } catch (error) {
    throw error instanceof Fault ? error : unwritable(path, error, 'nothing is recorded');
  }
};

/** @param written - bytes that came into the file */
const whatRemains = (written: number, readableFrom: number): string => {
  if (written === 0) return 'the recording ends here; nothing of it was written';
  return written < readableFrom
    ? 'the recording ends here; little of it was written, perhaps too little to replay'
    : 'the recording ends here; what was written before can be replayed';
};

const inUse = (path: string): Fault =>
  new Fault(`${path} is in use: another finwait records to it`, {
    why: 'two recordings in one file would destroy each other; nothing of it was changed',
    remedy: `choose another name with -o, or end the other one first   (fuser -v ${path})`,
    exitCode: EXIT.failed,
  });

const unwritable = (name: string, error: unknown, why: string): Fault => {
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
    why,
    remedy: remedies[code] ?? 'choose another place with -o',
    exitCode: EXIT.failed,
  });
};
