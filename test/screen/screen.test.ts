import { afterEach, describe, expect, it, vi } from 'vitest';
import { firstFrame } from '../../src/screen/first-frame.ts';
import { runScreen } from '../../src/screen/screen.tsx';
import { restoreTerminal, takeTerminal } from '../../src/screen/terminal.ts';
import { repeated, safe } from '../../src/text/printable.ts';
import { aRow, aStatus, fakeStore, someRows } from './builders.ts';
import { aTerminal } from './terminal.ts';

const HIDE = '\x1b[?25l';
const SHOW = '\x1b[?25h';

const open: AbortController[] = [];
afterEach(() => {
  for (const controller of open.splice(0)) controller.abort();
});

const start = async (columns: number, rows: number, store = fakeStore(someRows(60))) => {
  const terminal = aTerminal(columns, rows);
  await terminal.print('$ finwait\r\n');
  const controller = new AbortController();
  open.push(controller);
  const onQuit = vi.fn<() => void>();
  const done = runScreen(store, { stdin: terminal.stdin, stdout: terminal.stdout, onQuit, signal: controller.signal });
  return { terminal, store, onQuit, done, controller };
};

/** The shell's line is there again, the cursor too, and keys are cooked. */
const expectRestored = async (terminal: ReturnType<typeof aTerminal>): Promise<void> => {
  await terminal.shows('$ finwait');
  expect(terminal.buffer()).toBe('normal');
  expect(terminal.lines().join('\n')).not.toContain('orphans');
  expect(terminal.written().lastIndexOf(SHOW)).toBeGreaterThan(terminal.written().lastIndexOf(HIDE));
  expect(terminal.written()).toMatch(/\x1b\[\?2004l(?!.*\x1b\[\?2004h)/s);
  await vi.waitFor(() => expect(terminal.setRawMode).toHaveBeenLastCalledWith(false));
};

describe('a terminal', () => {
  it.each([
    [80, 24],
    [200, 50],
  ])('of %dx%d is filled from corner to corner', async (columns, rows) => {
    const { terminal } = await start(columns, rows);
    await terminal.shows(`1-${rows - 6} of 60`);
    expect(terminal.buffer()).toBe('alternate');
    const lines = terminal.lines();
    expect(lines[0]).toMatch(/^finwait .* 12:34:56$/);
    expect(lines[0]).toHaveLength(columns);
    expect(lines[5]).toMatch(/^> +1m00s FIN_WAIT1/);
    expect(lines[rows - 1]).toHaveLength(columns);
  });

  it('shows the same after many small updates as after one', async () => {
    const { terminal, store } = await start(80, 24);
    await terminal.shows('1-18 of 60');
    for (let count = 59; count > 6; count -= 7) {
      store.show({
        rows: someRows(count, (index) => ({
          retransmits: count * index,
          closer: { comm: '日本e\u0301語', pid: index, exiting: false },
        })),
        status: aStatus({ notice: count % 2 ? '' : 'something', lostEvents: count }),
      });
      await new Promise((done) => setTimeout(done, 70));
    }
    const rows = [aRow({ peer: '192.0.2.1:1' }), aRow({ key: 'b', peer: '192.0.2.1:2', certain: false })];
    store.show({ rows, status: aStatus() });
    await terminal.shows('1-2 of 2');
    const fresh = await start(80, 24, fakeStore(rows));
    await fresh.terminal.shows('1-2 of 2');
    expect(terminal.lines()).toEqual(fresh.terminal.lines());
  });

  it('is filled anew when it is resized, larger and smaller', async () => {
    const { terminal } = await start(80, 24);
    await terminal.shows('1-18 of 60');
    terminal.resize({ columns: 120, rows: 40 });
    await terminal.shows('1-34 of 60');
    expect(terminal.lines()[0]).toHaveLength(120);
    terminal.resize({ columns: 60, rows: 10 });
    await terminal.shows('1-5 of 60');
    expect(terminal.lines()[0]).toMatch(/^finwait/);
    expect(terminal.lines().filter((line) => line.startsWith('finwait'))).toHaveLength(1);
    terminal.resize({ columns: 30, rows: 5 });
    await terminal.shows('terminal too small');
    terminal.resize({ columns: 80, rows: 24 });
    await terminal.shows('1-18 of 60');
  });
});

describe('the terminal is given back', () => {
  it('after q, and the caller is told once', async () => {
    const { terminal, onQuit, done } = await start(80, 24);
    await terminal.shows('1-18 of 60');
    terminal.type('q');
    await done;
    expect(onQuit).toHaveBeenCalledTimes(1);
    await expectRestored(terminal);
  });

  it('after Ctrl+C, which raw mode delivers as a key, out of a close path', async () => {
    const { terminal, onQuit, done } = await start(80, 24);
    await terminal.shows('1-18 of 60');
    terminal.type('\r');
    await terminal.shows('closed at');
    terminal.type('\x03');
    await done;
    expect(onQuit).toHaveBeenCalledTimes(1);
    await expectRestored(terminal);
  });

  it('when the caller’s signal aborts, without a quit', async () => {
    const { terminal, onQuit, done, controller } = await start(80, 24);
    await terminal.shows('1-18 of 60');
    controller.abort();
    await done;
    expect(onQuit).not.toHaveBeenCalled();
    await expectRestored(terminal);
  });

  it('by a crash handler, once however often it is called', async () => {
    const { terminal, done } = await start(80, 24);
    await terminal.shows('1-18 of 60');
    restoreTerminal(terminal.stdout);
    restoreTerminal(terminal.stdout);
    await done;
    await expectRestored(terminal);
    const written = terminal.written();
    restoreTerminal(terminal.stdout);
    await new Promise(setImmediate);
    expect(terminal.written()).toBe(written);
    expect(written.split('\x1b[0m\x1b[?1049l')).toHaveLength(2);
  });

  it('when a later frame cannot be rendered, and the error is passed on', async () => {
    const { terminal, store, done } = await start(80, 24);
    await terminal.shows('1-18 of 60');
    const failure = expect(done).rejects.toThrow('no such row');
    const broken = new Proxy(aRow(), {
      get: (row, name) => {
        if (name === 'retransmits') throw new Error('no such row');
        return Reflect.get(row, name);
      },
    });
    store.show({ rows: [broken] });
    await failure;
    await expectRestored(terminal);
  });

  it('when the very first frame cannot be rendered', async () => {
    const store = fakeStore([]);
    const broken = {
      ...store,
      getSnapshot: () => {
        throw new Error('no frame at all');
      },
    };
    const terminal = aTerminal(80, 24);
    await terminal.print('$ finwait\r\n');
    await expect(
      runScreen(broken, { stdin: terminal.stdin, stdout: terminal.stdout, onQuit: () => {} }),
    ).rejects.toThrow('no frame at all');
    await terminal.shows('$ finwait');
    expect(terminal.buffer()).toBe('normal');
  });
});

it('a terminal that was never taken is left alone', () => {
  const terminal = aTerminal(80, 24);
  restoreTerminal(terminal.stdout);
  expect(terminal.written()).toBe('');
});

describe('the first frame, from before Ink is loaded,', () => {
  const attaching = aStatus({ phase: 'attaching', orphans: null, kernelOrphans: null, limit: null, drift: null });

  it.each([
    [80, 24],
    [200, 50],
    [40, 8],
  ])('reads as the one that Ink draws over it, at %dx%d', async (columns, rows) => {
    const store = fakeStore([], attaching);
    const drawn = await start(columns, rows, store);
    await drawn.terminal.shows('quit');
    const early = aTerminal(columns, rows);
    takeTerminal(early.stdin, early.stdout, firstFrame(store.getSnapshot(), { columns, rows }));
    await early.shows('quit');
    expect(early.buffer()).toBe('alternate');
    expect(early.lines()).toEqual(drawn.terminal.lines());
    restoreTerminal(early.stdout);
  });

  it('is wiped away by Ink’s, and the shell is back after both', async () => {
    const terminal = aTerminal(80, 24);
    await terminal.print('$ finwait\r\n');
    const store = fakeStore(someRows(3), attaching);
    takeTerminal(
      terminal.stdin,
      terminal.stdout,
      Array.from({ length: 24 }, () => repeated('x', 80)),
    );
    await terminal.shows('xxx');
    expect(terminal.setRawMode).toHaveBeenLastCalledWith(true);
    const controller = new AbortController();
    const { stdin, stdout } = terminal;
    const done = runScreen(store, { stdin, stdout, onQuit: () => {}, signal: controller.signal });
    await terminal.shows('1-3 of 3');
    expect(terminal.lines().join('\n')).not.toContain('xxx');
    controller.abort();
    await done;
    await expectRestored(terminal);
  });

  it('gives the terminal back when nothing came after it', async () => {
    const terminal = aTerminal(80, 24);
    await terminal.print('$ finwait\r\n');
    takeTerminal(terminal.stdin, terminal.stdout, [safe`orphans ?`]);
    await terminal.shows('orphans');
    restoreTerminal(terminal.stdout);
    await expectRestored(terminal);
  });

  it('is nothing on a terminal that is too small for it', () => {
    expect(firstFrame(fakeStore([]).getSnapshot(), { columns: 39, rows: 24 })).toEqual([]);
    expect(firstFrame(fakeStore([]).getSnapshot(), { columns: 0, rows: 0 })).toEqual([]);
  });
});
