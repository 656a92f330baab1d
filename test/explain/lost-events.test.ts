import { describe, expect, test } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { SOCK } from '../../src/wire/evidence.ts';
import { closed, destroyed, received, sent, step } from '../builders/endings.ts';
import { pathOf, pathsOf } from '../builders/explain.ts';
import {
  announceLine,
  destroyLine,
  inventoryEndLine,
  lostLine,
  ms,
  resetLine,
  sampleLine,
  sec,
  setStateLine,
  tickLine,
} from '../builders/wire-lines.ts';

const marksOf = ({ certain, gaps }: ClosePath) => [certain, gaps];
const CERTAIN = [true, []];
const LOST = [false, ['events_lost']];

/** Two transitions and the destroy, between `from` and `from` + 3 ms. */
const acked = (from: number, lines?: number): readonly string[] => [
  setStateLine({ at: from, from: 'FIN_WAIT1', to: 'CLOSING' }),
  step(from + ms(1), 'CLOSING', 'CLOSE'),
  destroyLine({ at: from + ms(3), ...(lines === undefined ? {} : { lines }) }),
];
const until = tickLine(sec(20));

describe('events are lost while a socket dies', () => {
  test('and all its own lines are here, by the probe’s count: the row is certain', () => {
    expect(marksOf(pathOf([closed(), lostLine(ms(5), 40), ...acked(ms(9), 3), until]))).toEqual(CERTAIN);
    // Known only after the row was told.
    expect(marksOf(pathOf([closed(), ...acked(ms(9), 3), lostLine(ms(500), 40), until]))).toEqual(CERTAIN);
  });

  test('and the probe printed more lines about it than came, or fewer: it stays in doubt', () => {
    for (const lines of [4, 2]) {
      expect(marksOf(pathOf([closed(), ...acked(ms(9), lines), until]))).toEqual(LOST);
    }
  });

  test('and the probe could not count its lines: it stays in doubt, and one that came later does not', () => {
    expect(marksOf(pathOf([closed(), lostLine(ms(5), 1), ...acked(ms(9)), until]))).toEqual(LOST);
    expect(marksOf(pathOf([lostLine(0, 1), closed({ at: ms(1) }), ...acked(ms(9)), until]))).toEqual(CERTAIN);
  });

  test('and its destroy does not come: both are said', () => {
    const next = announceLine({ at: sec(9), rport: 7 });
    const [gone] = pathsOf([closed(), lostLine(ms(5), 1), next, destroyLine({ at: sec(9.5) }), until]);
    expect(gone?.gaps).toEqual(['events_lost', 'destroy_missed']);
  });
});

describe('no number tells if the reset was lost that answers a segment after the destroy', () => {
  const minisock = (flags: number = SOCK.DEAD, err = 0): readonly string[] => [
    closed(),
    setStateLine({ at: sec(5), from: 'FIN_WAIT1', to: 'FIN_WAIT2' }),
    step(sec(5) + 1000, 'FIN_WAIT2', 'CLOSE', { flags, err }),
    destroyLine({ at: sec(5) + 9000, lines: 3, flags, err }),
  ];

  test('an end that such a reset would change is in doubt where a loss is told of near it, before or after', () => {
    expect(pathOf([...minisock(), until])).toMatchObject({ ended_by: 'fin_wait2_timewait', certain: true });
    expect(marksOf(pathOf([lostLine(sec(4), 1), ...minisock(), until]))).toEqual(LOST);
    expect(marksOf(pathOf([...minisock(), lostLine(sec(5) + ms(3), 1), until]))).toEqual(LOST);
    expect(marksOf(pathOf([lostLine(sec(3), 1), ...minisock(), until]))).toEqual(CERTAIN);
  });

  test('so is one that such a reset has changed: it may be one of the next life at the address', () => {
    const answered = resetLine({ at: sec(5) + 9500, sent: true, answersSegment: true });
    expect(pathOf([...minisock(), answered, until])).toMatchObject({ ended_by: 'data_after_close', certain: true });
    expect(marksOf(pathOf([lostLine(sec(4), 1), ...minisock(), answered, until]))).toEqual(LOST);
  });

  test('other ends are certain: the peer’s FIN had come, or a reset, or the data segments show it', () => {
    const near = lostLine(sec(4.9), 1);
    const done = pathOf([near, ...minisock(SOCK.DEAD | SOCK.DONE), until]);
    expect(done).toMatchObject({ ended_by: 'time_wait', certain: true });
    const reset = [
      closed(),
      received(sec(5)),
      step(sec(5) + 1000, 'FIN_WAIT1', 'CLOSE', { err: 104 }),
      destroyLine({ at: sec(5) + 9000, err: 104, lines: 3 }),
    ];
    expect(pathOf([near, ...reset, until])).toMatchObject({ ended_by: 'peer_reset', certain: true });
  });
});

describe('an end by a limit of the host rests on the count of the orphans, which a lost line makes wrong', () => {
  const memory = { pages: 10, low: 100, pressure: 200, high: 300 };
  const counted = (at: number, orphans: number) => [sampleLine(at, orphans, 1, memory), tickLine(at + ms(50))];
  const killed = [
    announceLine({
      at: sec(5),
      state: 'ESTABLISHED',
      moves: [{ at: sec(5), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }],
    }),
    sent(sec(5) + 1000, 13),
    step(sec(5) + 2000, 'FIN_WAIT1', 'CLOSE'),
    destroyLine({ at: sec(5) + 9000, lines: 3, announcedAt: sec(5) }),
    until,
  ];
  const start = [inventoryEndLine(0, { attachedAt: -1 }), ...counted(ms(1), 9), ...counted(sec(4.5), 9)];

  test('it is in doubt until the kernel has counted as we do', () => {
    expect(pathOf([...start, ...killed])).toMatchObject({ ended_by: 'orphan_limit', certain: true });
    expect(pathOf([lostLine(sec(1), 1), ...killed])).toMatchObject({ certain: false });
    const [begin, first, tick, ...rest] = start;
    const lost = [begin, first, tick, lostLine(sec(1), 1)].filter((line) => line !== undefined);
    expect(pathOf([...lost, ...killed]).gaps).toContain('events_lost');
    expect(marksOf(pathOf([...lost, ...rest, ...killed]))).toEqual(CERTAIN);
  });
});

test('a socket that was announced after the loss is certain while it lives, and one that lived then is not', () => {
  const older = announceLine({ at: 0, sk: 'a', rport: 1 });
  const newer = announceLine({ at: ms(9), sk: 'b', rport: 2 });
  const rows = pathsOf([older, lostLine(ms(5), 1), newer, tickLine(ms(20))]);
  expect(rows.map(({ rport, gaps }) => [rport, gaps])).toEqual([
    [1, ['events_lost']],
    [2, []],
  ]);
});

test('a destroyed socket is not asked again: a loss that is told of much later changes nothing', () => {
  const paths = pathsOf([
    closed(),
    step(ms(1), 'FIN_WAIT1', 'CLOSING'),
    destroyed(ms(2)),
    tickLine(ms(9)),
    lostLine(ms(9), 1),
  ]);
  expect(paths.map(({ gaps }) => gaps.includes('events_lost'))).toEqual([false]);
});
