import { cleanup } from 'ink-testing-library';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Snapshot, TopStore } from '../../src/screen/frame/model.ts';
import { widthOf } from '../../src/text/width.ts';
import { aClosePath, aRow, aStatus, fakeStore, someRows } from './builders.ts';
import { KEYS, renderAt } from './render-at.tsx';

afterEach(cleanup);

describe('the table', () => {
  it.each([
    [80, 24, 18],
    [200, 50, 44],
  ])('fills a window of %dx%d with %d rows and asks for no more', async (columns, rows, page) => {
    const store = fakeStore(someRows(100));
    const screen = await renderAt(store, columns, rows);
    await screen.shows(`1-${page} of 100`);
    expect(store.asked()).toMatchObject({ limit: page, offset: 0 });
    expect(screen.lines().filter((line) => line.includes('FIN_WAIT1'))).toHaveLength(page);
    expect(screen.widest()).toBeLessThanOrEqual(columns);
  });

  it('a row shows age, state, addresses, closer, memory, retransmits, what it waits for and when it is reaped', async () => {
    const screen = await renderAt(fakeStore([aRow({ deadlineMs: 62_000 })]), 80, 24);
    expect(screen.selected()).toBe('>  12.3s FIN_WAIT1 :443   192.0.2.7:51234     nginx     128K    3 ack      1m02s');
  });

  it('an uncertain row is marked ~, a closer that was exiting !', async () => {
    const closer = { comm: 'nginx', pid: 4242, exiting: true };
    const screen = await renderAt(fakeStore([aRow({ certain: false, ageMs: null, closer })]), 80, 24);
    expect(screen.selected()).toMatch(/^>~ {5}\? FIN_WAIT1/);
    expect(screen.selected()).toContain('nginx!');
  });

  it('the namespace column comes with the first row that has one', async () => {
    const store = fakeStore(someRows(3));
    const screen = await renderAt(store, 80, 24);
    expect(screen.frame()).not.toContain('NETNS');
    store.show({ rows: someRows(3, (index) => ({ netns: index === 1 ? 4_026_532_281 : null })) });
    await screen.shows('NETNS');
    expect(screen.frame()).toContain('…32281');
  });

  it('a hostile comm does nothing to the screen', async () => {
    const comm = '\x1b[2J\x1b]0;x\x07\n\u202e\x9b';
    const row = aRow({ closer: { comm, pid: 1, exiting: false } });
    const screen = await renderAt(
      fakeStore(
        [row],
        aStatus(),
        aClosePath({
          closer: { ...aClosePath().closer, comm, pid: 1, exiting: false, exit_signal: null, exit_status: null },
        }),
      ),
      200,
      24,
    );
    expect(screen.frame()).toContain('\\x1b[2J');
    screen.press(KEYS.enter);
    await screen.shows('\\u202e\\x9b[1]');
    expect(screen.frame()).not.toMatch(/[^\P{C}\n]/u);
    expect(screen.lines()).toHaveLength(24);
  });

  it('wide and combining characters leave the columns where they are', async () => {
    const comms = ['nginx', '日本語サーバ', 'e\u0301toile'];
    const screen = await renderAt(
      fakeStore(someRows(3, (index) => ({ closer: { comm: comms[index] ?? '', pid: 9, exiting: false } }))),
      120,
      24,
    );
    const ends = screen.lines().filter((line) => line.includes('FIN_WAIT1'));
    expect(ends).toHaveLength(3);
    const heldAt = ends.map((line) => widthOf(line.slice(0, line.indexOf('128K'))));
    expect(new Set(heldAt).size).toBe(1);
  });
});

describe('an empty table says what that means', () => {
  const empty = async (change: Parameters<typeof aStatus>[0]): Promise<string> =>
    (await renderAt(fakeStore([], aStatus(change)), 80, 24)).frame();

  it('while tracing, while attaching, after a failure, at the end of a recording', async () => {
    expect(await empty({})).toContain('No socket is dying now.');
    expect(await empty({ phase: 'attaching', orphans: null })).toContain('Attaching to the kernel…');
    expect(await empty({ orphans: null })).toContain('Taking the inventory…');
    expect(await empty({ phase: 'failed', notice: 'no BTF' })).toMatch(/! no BTF[\s\S]*The trace failed\./);
    expect(await empty({ phase: 'ended', source: 'recording' })).toContain('The recording is over.');
    expect(await empty({ phase: 'ended', source: 'live' })).toContain('The capture is over.');
  });
});

describe('selection', () => {
  it('moves with arrows and j/k, a held key as one chunk included', async () => {
    const screen = await renderAt(fakeStore(someRows(100)), 80, 24);
    screen.press('jjjj');
    await vi.waitFor(() => expect(screen.selected()).toContain(':50004'));
    screen.press(KEYS.up);
    await vi.waitFor(() => expect(screen.selected()).toContain(':50003'));
    screen.press('k');
    screen.press(KEYS.down);
    await vi.waitFor(() => expect(screen.selected()).toContain(':50003'));
  });

  it('pages, and reaches the bottom and the top', async () => {
    const store = fakeStore(someRows(100));
    const screen = await renderAt(store, 80, 24);
    screen.press(KEYS.pageDown);
    await vi.waitFor(() => expect(screen.selected()).toContain(':50017'));
    screen.press(KEYS.pageDown);
    await vi.waitFor(() => expect(screen.selected()).toContain(':50034'));
    screen.press('G');
    await screen.shows('83-100 of 100');
    expect(screen.selected()).toContain(':50099');
    screen.press('g');
    await screen.shows('1-18 of 100');
    expect(screen.selected()).toContain(':50000');
  });

  it('follows its row when the order changes, off the page too', async () => {
    const rows = someRows(100);
    const store = fakeStore(rows);
    const screen = await renderAt(store, 80, 24);
    screen.press('jj');
    await vi.waitFor(() => expect(screen.selected()).toContain(':50002'));
    store.show({ rows: rows.toReversed() });
    await vi.waitFor(() => expect(screen.selected()).toContain(':50002'));
    expect(store.asked().offset).toBe(80);
  });

  it('stays at its place when its row dies', async () => {
    const rows = someRows(10);
    const store = fakeStore(rows);
    const screen = await renderAt(store, 80, 24);
    screen.press('jj');
    await vi.waitFor(() => expect(screen.selected()).toContain(':50002'));
    store.show({ rows: rows.filter(({ key }) => key !== 'sk2/1') });
    await vi.waitFor(() => expect(screen.selected()).toContain(':50003'));
    store.show({ rows: rows.slice(0, 1) });
    await vi.waitFor(() => expect(screen.selected()).toContain(':50000'));
  });
});

describe('the close path', () => {
  it('opens on the selected socket and closes with escape, enter and q', async () => {
    const store = fakeStore(someRows(5));
    const screen = await renderAt(store, 80, 24);
    for (const back of [KEYS.escape, KEYS.enter, 'q']) {
      screen.press(KEYS.enter);
      await screen.shows('10.0.0.5:443 -> 192.0.2.7:51234');
      expect(store.asked().detail).toBe('sk0/1');
      screen.press(back);
      await screen.shows('1-5 of 5');
      expect(store.asked().detail).toBeNull();
    }
    expect(screen.onQuit).not.toHaveBeenCalled();
  });

  it('leaves the selection on the socket that was looked into', async () => {
    const rows = someRows(5);
    const store = fakeStore(rows);
    const screen = await renderAt(store, 80, 24);
    screen.press(KEYS.enter);
    await screen.shows('closed at');
    store.show({ rows: rows.toReversed() });
    screen.press('q');
    await screen.shows('1-5 of 5');
    expect(screen.selected()).toContain(':50000');
    expect(screen.lines().findIndex((line) => line.startsWith('>'))).toBe(9);
  });

  it('tells who closed it and how, its steps with their times, the evidence and the gaps', async () => {
    const path = aClosePath({ certain: false, gaps: ['12 events were lost'], ended_by: 'retries', side: 'peer' });
    const screen = await renderAt(fakeStore(someRows(1), aStatus(), path), 200, 50);
    screen.press(KEYS.enter);
    await screen.shows('~ uncertain');
    expect(screen.frame()).toContain('nginx[4242], exiting, killed by signal 9');
    expect(screen.frame()).toMatch(/\+12us {2}ESTABLISHED +-> FIN_WAIT1 +process/);
    expect(screen.frame()).toMatch(/\+40\.5ms {2}FIN_WAIT1 +-> FIN_WAIT2 +softirq/);
    expect(screen.frame()).toContain('retries, kept by the peer');
    expect(screen.frame()).toContain('- the FIN was sent 3 times and never acknowledged');
    expect(screen.frame()).toContain('- 12 events were lost');
  });

  it('scrolls as far as it is long', async () => {
    const because = Array.from({ length: 30 }, (_, index) => `reason ${index}`);
    const screen = await renderAt(fakeStore(someRows(1), aStatus(), aClosePath({ because })), 80, 24);
    screen.press(KEYS.enter);
    await screen.shows('because');
    screen.press('j');
    await screen.shows(/2-20 of \d+/);
    screen.press('G');
    await screen.shows('reason 29');
    screen.press('jjjjk');
    await screen.shows('reason 28');
    screen.press('g');
    await screen.shows('10.0.0.5:443 ->');
  });

  it('a socket nobody knows (any more) is said to be so', async () => {
    const store = fakeStore(someRows(1));
    const forgetful = { ...store, getSnapshot: memoized(store.getSnapshot) };
    const screen = await renderAt(forgetful, 80, 24);
    screen.press(KEYS.enter);
    await screen.shows('No close path is known');
  });
});

/** Snapshots without their detail; one object for each, as React asks. */
const memoized = (getSnapshot: ReturnType<typeof fakeStore>['getSnapshot']): typeof getSnapshot => {
  const made = new WeakMap<object, ReturnType<typeof getSnapshot>>();
  return () => {
    const snapshot = getSnapshot();
    const known = made.get(snapshot) ?? { ...snapshot, detail: null };
    made.set(snapshot, known);
    return known;
  };
};

describe('the filter', () => {
  it('narrows while it is typed, is kept by enter and cleared by escape', async () => {
    const store = fakeStore(someRows(20));
    const screen = await renderAt(store, 80, 24);
    screen.press('/');
    await screen.shows('filter: _');
    screen.press('5001');
    await screen.shows('filter: 5001_');
    await screen.shows('10 of 20');
    screen.press(KEYS.enter);
    await screen.shows('filtered by: 5001');
    expect(screen.selected()).toContain(':50010');
    screen.press(KEYS.escape);
    await screen.shows('1-18 of 20');
    expect(store.asked().filter).toBe('');
  });

  it('takes a whole paste, keys of other screens among it, as text', async () => {
    const store = fakeStore(someRows(20));
    const screen = await renderAt(store, 80, 24);
    screen.press('/');
    screen.press('nginx q?s');
    await screen.shows('filter: nginx q?s_');
    screen.press('\x1b[200~ two\nlines\x1b[201~');
    await screen.shows('nginx q?s two lines_');
    screen.press(KEYS.backspace);
    await screen.shows('two line_');
    screen.press(KEYS.ctrlU);
    await screen.shows('filter: _');
    expect(screen.onQuit).not.toHaveBeenCalled();
  });

  it('a paste outside of it presses no keys', async () => {
    const screen = await renderAt(fakeStore(someRows(20)), 80, 24);
    screen.press('\x1b[200~q\x1b[201~');
    screen.press('j');
    await vi.waitFor(() => expect(screen.selected()).toContain(':50001'));
    expect(screen.onQuit).not.toHaveBeenCalled();
  });

  it('that nothing passes says so, and how to undo it', async () => {
    const screen = await renderAt(fakeStore(someRows(20)), 80, 24);
    screen.press('/zzz\r');
    await screen.shows('No dying socket matches "zzz".');
    await screen.shows('20 sockets are dying. esc clears the filter that was typed');
  });
});

it('s cycles the sort, which the footer names, and the selection stays on its row', async () => {
  const store = fakeStore(someRows(5, (index) => ({ heldBytes: index * 1024 })));
  const screen = await renderAt(store, 80, 24);
  screen.press('j');
  screen.press('s');
  await screen.shows('sort:held');
  await vi.waitFor(() => expect(screen.selected()).toContain(':50001'));
  expect(screen.lines().findIndex((line) => line.startsWith('>'))).toBe(8);
  screen.press('sssssss');
  await screen.shows('sort:age');
});

it('< and > go through the orders both ways, i turns one round, and the sorted column has the mark', async () => {
  const store = fakeStore(someRows(5, (index) => ({ heldBytes: index * 1024 })));
  const screen = await renderAt(store, 80, 24);
  await screen.shows(/ AGE▼ STATE .* sort:age▼/s);
  screen.press('<');
  await screen.shows(/ DUE▲\n.* sort:due▲/s);
  screen.press('>>');
  await screen.shows(/ HELD▼ .* sort:held▼/s);
  await vi.waitFor(() => expect(screen.lines()[5]).toContain(':50004'));
  screen.press('i');
  await screen.shows(/ HELD▲ .* sort:held▲/s);
  await vi.waitFor(() => expect(screen.lines()[5]).toContain(':50000'));
  screen.press('>');
  await screen.shows(/sort:retransmits▼/);
  expect(store.asked()).toMatchObject({ sort: 'retransmits', isReversed: false });
});

it('space holds the screen and says PAUSED, space again lets it go on', async () => {
  const store = fakeStore(someRows(5));
  const screen = await renderAt(store, 80, 24);
  screen.press(' ');
  await screen.shows('PAUSED');
  expect(store.isPaused()).toBe(true);
  screen.press(' ');
  await vi.waitFor(() => expect(screen.frame()).not.toContain('PAUSED'));
  expect(store.isPaused()).toBe(false);
});

it('? explains keys and marks, over a close path too, and goes back to where it was opened', async () => {
  const screen = await renderAt(fakeStore(someRows(5)), 80, 24);
  screen.press(KEYS.enter);
  await screen.shows('closed at');
  screen.press('?');
  await screen.shows('next row or line');
  screen.press('G');
  await screen.shows('still in close()');
  screen.press(KEYS.escape);
  await screen.shows('closed at');
});

describe('while an answer is being worked out', () => {
  const working = (change: Partial<Snapshot>): TopStore => {
    const store = fakeStore(someRows(30));
    const frames = new Map<Snapshot, Snapshot>();
    const getSnapshot = (): Snapshot => {
      const plain = store.getSnapshot();
      const known = frames.get(plain) ?? { ...plain, ...change };
      frames.set(plain, known);
      return known;
    };
    return { ...store, getSnapshot };
  };

  it('the rows before it stay, and the footer tells how far it is', async () => {
    const screen = await renderAt(working({ progress: 0.437 }), 80, 24);
    await screen.shows(/sorting 43%$/m);
    expect(screen.selected()).toContain(':50000');
    screen.press('/x');
    await screen.shows(/filter: x_.*looking 43%$/m);
  });

  it('a table without rows does not say that there are none', async () => {
    const screen = await renderAt(working({ progress: 0.5, rows: [], matching: 0, total: 131_072 }), 80, 24);
    await screen.shows('Looking through 131,072 dying sockets: 50%.');
    expect(screen.frame()).not.toContain('No socket');
  });
});

it('q and Ctrl+C ask to quit once', async () => {
  for (const key of ['q', KEYS.ctrlC]) {
    const screen = await renderAt(fakeStore(someRows(5)), 80, 24);
    screen.press(key);
    await vi.waitFor(() => expect(screen.onQuit).toHaveBeenCalledTimes(1));
  }
});

describe('resizing', () => {
  it('shows more rows in a higher window, and keeps the selection in a lower one', async () => {
    const store = fakeStore(someRows(100));
    const screen = await renderAt(store, 80, 24);
    screen.press('jjjjjjjjjjjjjjj');
    await vi.waitFor(() => expect(screen.selected()).toContain(':50015'));
    screen.resize({ columns: 200, rows: 50 });
    await screen.shows('1-44 of 100');
    screen.resize({ columns: 60, rows: 12 });
    await screen.shows('11-16 of 100');
    expect(screen.selected()).toContain(':50015');
    expect(screen.widest()).toBeLessThanOrEqual(60);
    expect(screen.lines()).toHaveLength(12);
  });

  it('a window too small for anything says so and still quits', async () => {
    const screen = await renderAt(fakeStore(someRows(5)), 39, 7);
    expect(screen.frame().trim()).toBe('terminal too small: 39x7, need 40x8');
    screen.press('q');
    await vi.waitFor(() => expect(screen.onQuit).toHaveBeenCalled());
  });

  it('40x8 is enough for the header, three sockets and the keys', async () => {
    const screen = await renderAt(fakeStore(someRows(5)), 40, 8);
    await screen.shows('1-3 of 5');
    expect(screen.lines()).toHaveLength(8);
    expect(screen.widest()).toBeLessThanOrEqual(40);
  });
});
