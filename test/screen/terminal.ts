import { PassThrough, Writable } from 'node:stream';
import { Terminal } from '@xterm/headless';
import { expect, vi } from 'vitest';

/** A terminal in memory: it obeys output as xterm would, and input arrives as from a keyboard. */
export const aTerminal = (columns: number, rows: number) => {
  // convertEol is what the tty driver does to a newline, in raw mode too.
  const xterm = new Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true });
  const written: string[] = [];
  /** Its acts for a program beside showing text. */
  const obeyed: string[] = [];
  xterm.onTitleChange((title) => obeyed.push(`title ${title}`));
  xterm.parser.registerOscHandler(52, (data) => {
    obeyed.push(`clipboard ${data}`);
    return true;
  });
  const stdout = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk.toString());
        xterm.write(chunk, () => done());
      },
    }),
    { isTTY: true, columns, rows },
  );
  const setRawMode = vi.fn<(on: boolean) => void>();
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode, ref: () => {}, unref: () => {} });
  const lines = (): readonly string[] => {
    const { active } = xterm.buffer;
    return Array.from(
      { length: xterm.rows },
      (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '',
    );
  };
  return {
    stdin,
    stdout,
    setRawMode,
    lines,
    type: (keys: string): void => {
      stdin.write(keys);
    },
    resize: (to: { readonly columns: number; readonly rows: number }): void => {
      xterm.resize(to.columns, to.rows);
      Object.assign(stdout, to);
      stdout.emit('resize');
    },
    /** Writes a text as the shell does before a program starts. */
    print: (text: string): Promise<void> => new Promise((done) => xterm.write(text, done)),
    buffer: (): 'normal' | 'alternate' => xterm.buffer.active.type,
    written: (): string => written.join(''),
    obeyed: (): readonly string[] => obeyed,
    shows: (text: string): Promise<void> =>
      vi.waitFor(() => expect(lines().join('\n')).toContain(text), { timeout: 3000 }),
  };
};
