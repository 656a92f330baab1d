import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTopStore } from '../../../src/screen/store.ts';
import { VIA } from '../../../src/wire/event.ts';
import { SOCK } from '../../../src/wire/evidence.ts';
import {
  type AnnounceFields,
  announceLine,
  destroyLine,
  inventoriedLine,
  inventoryEndLine,
  ms,
  sampleLine,
  sec,
  setStateLine,
  tickLine,
} from '../../builders/wire-lines.ts';
import { lineOf, manyOrphans, skOf } from '../many.ts';

const SK = 'ffff8881000000aa';
/** The first sock that `manyOrphans` lists. */
const TUPLE = { sk: SK, peer: '10.9.0.2', rport: 2000 } as const;
const found = (at: number, change: AnnounceFields = {}): string =>
  announceLine({ at, ...TUPLE, via: VIA.foundDead, state: 'FIN_WAIT2', flags: SOCK.DEAD, own: false, ...change });

/** A store over 40 orphans, and 2 that only the inventory knows; the first row is open. */
const opened = () => {
  const store = createTopStore({ sourceName: '' });
  const fold = manyOrphans(40, 2, { onEnd: store.onEnd, onLedger: store.onLedger, onNotice: store.notice });
  store.attach(fold);
  store.setPhase('tracing');
  const keyAt = (index: number): string => store.getSnapshot().rows[index]?.key ?? '';
  store.setQuery({ detail: keyAt(0) });
  /** Takes these lines, and lets them out of the reorder window. */
  const push = (at: number, ...lines: readonly string[]): void => {
    for (const line of [...lines, tickLine(sec(at)), tickLine(sec(at) + ms(500))]) fold.push(line);
  };
  return {
    store,
    keyAt,
    detail: () => store.getSnapshot().detail,
    push,
    /** The detail of the frame after these lines. */
    nextAt: (at: number, ...lines: readonly string[]) => {
      push(at, ...lines);
      vi.advanceTimersByTime(400);
      return store.getSnapshot().detail;
    },
  };
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('an open orphan that only the inventory knows', () => {
  test('is described as dying while it is silent', () => {
    const { detail, nextAt } = opened();
    expect(detail()).toMatchObject({ type: 'dying', sk: null, rport: 2000, state: 'FIN_WAIT1' });
    expect(nextAt(5)).toMatchObject({ type: 'dying', sk: null, rport: 2000 });
  });

  test('is followed to the sock that it turns out to be, and to its end', () => {
    const { nextAt } = opened();
    nextAt(4);
    expect(nextAt(5, found(sec(4.8)))).toMatchObject({ type: 'dying', sk: SK, rport: 2000, state: 'FIN_WAIT2' });
    const moved = setStateLine({ at: sec(5.8), sk: SK, from: 'FIN_WAIT2', to: 'CLOSE', flags: SOCK.DEAD | SOCK.DONE });
    expect(nextAt(6, moved)).toMatchObject({ type: 'dying', sk: SK, path: [{ from: 'FIN_WAIT2', to: 'CLOSE' }] });
    const end = { type: 'close_path', sk: SK, ended_by: expect.any(String) };
    expect(nextAt(7, destroyLine({ at: sec(6.8), sk: SK }))).toMatchObject(end);
    expect(nextAt(9, lineOf(9000))).toMatchObject(end);
  });

  test('is followed to its end where all of it comes between two frames, and while the screen stands still', () => {
    for (const isPaused of [false, true]) {
      const { store, nextAt } = opened();
      store.setPaused(isPaused);
      nextAt(5, found(sec(4.8)), destroyLine({ at: sec(4.9), sk: SK }));
      store.setPaused(false);
      expect(store.getSnapshot().detail).toMatchObject({ type: 'close_path', sk: SK, ended_by: expect.any(String) });
    }
  });

  test('is followed to a sock that is first seen at its destroy', () => {
    const { nextAt } = opened();
    const line = found(sec(4.8), { via: VIA.destroy, state: 'CLOSE' });
    expect(nextAt(5, line, destroyLine({ at: sec(4.8), sk: SK }))).toMatchObject({ type: 'close_path', sk: SK });
  });

  test('has gone without a destroy where a later inventory has it no more, and is not described as dying ever after', () => {
    const { nextAt } = opened();
    const relisted = inventoriedLine(sec(5), { peer: '10.9.0.2', rport: 2001 });
    const living = Array.from({ length: 40 }, (_, i) =>
      inventoriedLine(sec(5), { peer: `10.${i % 7}.0.2`, rport: 1024 + ((i * 31) % 60_000) }),
    );
    nextAt(4, sampleLine(sec(3.5), 41));
    const gone = nextAt(6, relisted, ...living, inventoryEndLine(sec(5.5), { attachedAt: sec(5) }));
    expect(gone).toMatchObject({
      type: 'close_path',
      sk: null,
      rport: 2000,
      ended_by: 'unknown',
      certain: false,
      gaps: ['older_than_capture', 'destroy_missed'],
      because: [expect.any(String), expect.stringContaining('a later listing did not have it')],
    });
    // The next connection between the same two endpoints is another socket.
    expect(nextAt(8, announceLine({ at: sec(7), ...TUPLE }))).toEqual(gone);
  });
});

test('a socket that ended before its row was opened is not described as dying', () => {
  const { store, keyAt, push, detail } = opened();
  const key = keyAt(2);
  store.setQuery({ detail: null });
  // The row is on the screen until the next frame.
  push(5, destroyLine({ at: sec(4.8), sk: skOf(0) }));
  store.setQuery({ detail: key });
  expect([key, detail()]).toEqual([`testhost/${skOf(0)}/1`, null]);
});
