import { ownLine } from '../../wire/own-lines.ts';

/** The user hears of strays at most this often, ms. */
const TOLD_EVERY_MS = 1000;
/** One of them is shown at most this often, ms, and only this much of it. */
const SHOWN_EVERY_MS = 10_000;
const SHOWN_CHARACTERS = 200;

export type Strays = {
  /** Counts a line, and shows it now and then. */
  readonly take: (line: string) => void;
  /** Counts the end of the stream, which has no line break: half a line cannot be read. */
  readonly torn: (line: string) => void;
  /** Tells of everything not told yet: the capture ends. */
  readonly flush: () => void;
};

/**
 * Lines of bpftrace's stdout that are no line of the probes. Nobody knows what is in them, so the stream has their number
 * and length alone, and each counts as malformed; the text goes to the user who runs finwait, now and then and cut.
 *
 * @param put - takes the wire's lines
 * @param now - boot clock, ns
 * @param show - a word for the user, who makes it harmless
 */
export const createStrays = (put: (line: string) => void, now: () => bigint, show: (text: string) => void): Strays => {
  let [lines, characters] = [0, 0];
  let timer: NodeJS.Timeout | null = null;
  let shownAt = Number.NEGATIVE_INFINITY;

  const tell = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (lines === 0) return;
    const many = lines === 1 ? 'a line' : `${lines} lines`;
    put(
      ownLine.notice(
        now(),
        `bpftrace printed ${many} that finwait does not know, ${characters} characters: counted as malformed, not kept`,
      ),
    );
    [lines, characters] = [0, 0];
  };
  const count = (line: string): void => put(`? ${line.length}`);

  return {
    take: (line) => {
      count(line);
      lines++;
      characters += line.length;
      timer ??= setTimeout(tell, TOLD_EVERY_MS);
      if (performance.now() - shownAt < SHOWN_EVERY_MS) return;
      shownAt = performance.now();
      const rest = line.length - SHOWN_CHARACTERS;
      show(
        `bpftrace printed what finwait does not know: ${line.slice(0, SHOWN_CHARACTERS)}${rest > 0 ? `… and ${rest} characters more` : ''}`,
      );
    },
    torn: count,
    flush: tell,
  };
};

/** Letters of the lines that the probes print after the handshake; all else on stdout is bpftrace speaking. */
export const isWireLine = (line: string): boolean => {
  const letter = line.charCodeAt(0);
  return (
    (line.charCodeAt(1) === 0x20 && 'ABCDLNPQRSVWXZ'.includes(String.fromCharCode(letter))) ||
    /^@(?:tally|kept|unkept|until)\[/.test(line)
  );
};
