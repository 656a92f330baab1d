import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Characters of a line; the longest that finwait writes has a quarter of this. A forged one may have any number. */
const MOST = 1 << 20;
/** Stands for a longer line: it decodes as malformed, and counts as one. */
const TOO_LONG = '? a line too long to be read';

/**
 * Cuts bytes into lines and gives each to `take`, as split2 does but for empty ones, and without its copies: a recording is
 * read at millions of lines a second.
 *
 * @param take - a promise holds the bytes up until it is settled; an error that it throws ends the stream
 * @param takeRest - takes the bytes after the last line break; they are a line as any other unless told
 * @returns ends after its last line; of a line that is too long, only the fact is given
 */
export const createLineSink = (
  take: (line: string) => Promise<void> | undefined,
  takeRest: (rest: string) => Promise<void> | undefined = take,
): Writable => {
  const decoder = new StringDecoder('utf8');
  /** The line that the chunks before have begun; if it is too long, only as much of it as shows that. */
  let begun = '';

  const give = (text: string, start: number, done: (error?: Error) => void, taker = take): void => {
    let from = start;
    try {
      for (let end = text.indexOf('\n', from); end >= 0; end = text.indexOf('\n', from)) {
        if (end === from && begun === '') {
          // Millions of them are some bytes of zstd: no look for each one's end.
          do from++;
          while (text.charCodeAt(from) === LINE_BREAK);
          continue;
        }
        const line = begun === '' ? lineOf(text, from, end) : lineOf(begun + text.slice(from, end), 0);
        begun = '';
        from = end + 1;
        if (line === '') continue;
        const hold = taker(line.length > MOST ? TOO_LONG : line);
        if (hold === undefined) continue;
        const next = from;
        hold.then(() => give(text, next, done, taker), done);
        return;
      }
      if (begun.length <= MOST) begun += text.slice(from);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    done();
  };

  return new Writable({
    write: (chunk: Buffer, _encoding, done) => give(decoder.write(chunk), 0, done),
    final: (done) => {
      const last = begun + decoder.end();
      begun = '';
      if (last === '') done();
      else give(`${last}\n`, 0, done, takeRest);
    },
  });
};

const LINE_BREAK = 10;
const CARRIAGE_RETURN = 13;

const lineOf = (text: string, from: number, end = text.length): string =>
  text.slice(from, end > from && text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end);
