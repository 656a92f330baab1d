import { describe, expect, test, vi } from 'vitest';
import { createDeferredLines } from '../../../src/capture/bpftrace/deferred-lines.ts';
import { createMapRoom } from '../../../src/capture/bpftrace/map-room.ts';
import { createDecoder } from '../../../src/wire/decode.ts';
import { encodeLine } from '../../../src/wire/encode.ts';
import { ENDED, TALLY, VIA } from '../../../src/wire/event.ts';
import { parseAnnounce } from '../../../src/wire/evidence.ts';
import { WIRE_VERSION } from '../../../src/wire/schema.ts';

const HELLO = `H ${WIRE_VERSION} tracepoint 24573000000000 1795260000.000000`;
const HOW =
  'B 24573975145903 ffff888135db3780 24573964051884 300a7300030010 52fb000052fc 40010400000009 d97ba9e3d97ba9e2 5b8b8ef131480 0 0 6c 6f 61 64 00 00 00 00 00 00 00 00 00 00 00 00';
const NOW = encodeLine('stands', {
  at: 24_573_978_762_240n,
  sk: 'ffff888135db3780',
  flags: 0x301,
  context: 0x4c0,
  writeSeq: 0xd97ba9e4,
  sndUna: 0xd97ba9e4,
  sndNxt: 0xd97ba9e4,
  sndWnd: 0x10000,
  rto: 0x33,
  netns: 0xf0000151,
  lport: 0xe12,
  cookie: 0x1012018,
});

const taken = (...lines: readonly string[]) => {
  const out: string[] = [];
  const lost: number[] = [];
  const notices: string[] = [];
  const deferred = createDeferredLines(
    (line) => out.push(line),
    () => 24_574_000_000_000n,
    (count) => lost.push(count),
    createMapRoom(
      100,
      (text) => notices.push(text),
      (count) => lost.push(count),
    ),
  );
  for (const line of lines) deferred.take(line);
  const decode = createDecoder();
  decode(HELLO);
  return { deferred, out, lost, notices, events: out.map((line) => decode(line)) };
};

test('the two halves of an announcement become one line, which is read whole', () => {
  const { out, events } = taken(HOW, NOW);
  expect(out).toHaveLength(1);
  expect(events[0]).toMatchObject({ kind: 'announce', via: VIA.last_fput, at: 978_762_240, closedAt: 964_051_884 });
  expect(parseAnnounce(out[0] ?? '')).toMatchObject({
    pid: 0x52fb,
    tid: 0x52fc,
    exiting: true,
    exitCode: 9,
    comm: 'load',
    deferred: { closedBootNs: 24_573_964_051_884, closedIn: 1 },
    // After the close write_seq has grown by the FIN alone; the rest is as the close left it.
    evidence: { writeSeq: 0xd97ba9e3, sndUna: 0xd97ba9e3, sndNxt: 0xd97ba9e2 },
  });
});

test('resets of minisocks that have no line of their own are told by their count, when it has grown', () => {
  const { events, lost, notices } = taken('@untold[0]: 15', '@untold[0]: 15', '@untold[0]: 40');
  expect(events).toEqual([15, 40].map((count) => ({ kind: 'minisock_untold', at: expect.anything(), count })));
  expect([...lost, ...notices]).toEqual([]);
});

test('how it stands, and how it was closed is lost: a socket whose close was not seen', () => {
  const { events } = taken(NOW);
  expect(events[0]).toMatchObject({ kind: 'announce', via: VIA.foundDead, closedAt: 978_762_240 });
});

test('how it was closed, and how it stands is lost: told as lost when it has not come for a while', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const { deferred, out, lost } = taken(HOW, 'C 24573979000000');
    expect(lost).toEqual([]);
    vi.advanceTimersByTime(3000);
    deferred.take('C 24576979000000');
    expect(lost).toEqual([1]);
    expect(out.every((line) => line.startsWith('C '))).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});

test('a torn half is passed on, and counts as malformed', () => {
  expect(taken(HOW.slice(0, 60), NOW).events[0]).toMatchObject({ kind: 'malformed' });
  expect(taken(HOW, NOW.slice(0, 100)).events[0]).toMatchObject({ kind: 'malformed' });
});

test('a line of the map of tallies becomes a T line', () => {
  const bits =
    9n | (8n << 4n) | (12n << 8n) | (3n << 16n) | (1n << 19n) | (104n << 24n) | (1n << 32n) | (1n << 35n) | (7n << 40n);
  const { events } = taken(`@tally[${bits}]: 42`);
  expect(events[0]).toMatchObject({
    kind: 'tally',
    at: 1_000_000_000,
    via: VIA.last_fput,
    exiting: true,
    closedIn: 8,
    lastFrom: 9,
    err: 104,
    reset: 12,
    marks: TALLY.done | TALLY.answered,
    size: 7,
    count: 42,
  });
});

test('the marks of the map of tallies are those of the T line', () => {
  const key = (...at: readonly number[]): bigint => at.reduce((bits, bit) => bits | (1n << BigInt(bit)), 5n << 16n);
  const marksOf = (bits: bigint): number => {
    const [event] = taken(`@tally[${bits}]: 1`).events;
    return event?.kind === 'tally' ? event.marks : Number.NaN;
  };
  expect(marksOf(key(37))).toBe(TALLY.all_acked);
  expect(marksOf(key(38))).toBe(TALLY.unsent);
  expect(marksOf(key(39))).toBe(TALLY.tw_full);
  expect(marksOf(key(45))).toBe(TALLY.tw_none);
  expect(marksOf(key(20, 23, 32, 34, 37))).toBe(
    TALLY.in_close | TALLY.kernel | TALLY.done | TALLY.own | TALLY.all_acked,
  );
});

test('what a full map did not keep is lost: the count grows, and each is told once', () => {
  const { out, lost } = taken('@unkept[1]: 3', '@unkept[1]: 3', '@unkept[2]: 1', '@unkept[1]: 5');
  expect(lost).toEqual([3, 1, 2]);
  expect(out).toEqual([]);
});

test('a map that fills is told of once, before it is full, and again when it has emptied between', () => {
  const { out, lost, notices } = taken(
    ...[79, 80, 95, 61, 85, 59, 81].map((places) => `@kept[2]: ${places}`),
    '@kept[4]: -3',
  );
  expect(notices).toEqual([
    'a map of the probes is 80 % full: 80 of 100 places, for dying sockets; once it is full, later ones are announced, and no more is seen of them',
    'a map of the probes is 81 % full: 81 of 100 places, for dying sockets; once it is full, later ones are announced, and no more is seen of them',
  ]);
  expect([out, lost]).toEqual([[], []]);
});

test('held sockets whose past had no place are told of, and are no loss: nothing of a death is missing', () => {
  const { lost, notices } = taken('@unkept[4]: 12');
  expect(lost).toEqual([]);
  expect(notices).toEqual([expect.stringMatching(/^a map of the probes is full: 12 more half-closed sockets/)]);
});

test('the map of tallies fills with kinds of death', () => {
  const { notices } = taken(...Array.from({ length: 81 }, (_, kind) => `@tally[${kind}]: 1`), '@tally[3]: 2');
  expect(notices).toHaveLength(1);
  expect(notices[0]).toContain('80 of 100 places, for kinds of death');
});

test('all other lines go through', () => {
  const { out } = taken('C 24573979000000', '@tally[x]: 1', 'Z 24573979000000');
  expect(out).toEqual(['C 24573979000000', '@tally[x]: 1', 'Z 24573979000000']);
});

describe('counts of abnormal ends', () => {
  const NAMED = 'N 24573975145903 6be1b8ca01 1f90000c7011 4c4f 61 70 69 00 00 00 00 00 00 00 00 00 00 00 00 00';
  const key = (count: number): string => `@tally[1233863615945689601]: ${count}`;

  test('become E lines, with the kind, the process and the port that their number stands for', () => {
    const { events } = taken(NAMED, key(580), key(800));
    expect(events).toMatchObject([{ count: 580 }, { count: 800 }]);
    expect(events[1]).toEqual({
      kind: 'ended',
      at: 1_000_000_000,
      end: ENDED.unread_data,
      isNotMemory: false,
      closedIn: 1,
      exiting: false,
      isKernels: false,
      reset: 12,
      port: 8080,
      pid: 0x4c4f,
      comm: 'api',
      count: 800,
    });
  });

  test('that have not grown are told of once', () => {
    expect(taken(NAMED, key(5), key(5), key(5)).out).toHaveLength(1);
  });

  test('wait for the line that says what their number means; where it is lost, the end tells of kind and port', () => {
    const { out, deferred } = taken(key(5));
    expect(out).toEqual([]);
    deferred.take(NAMED);
    deferred.take(key(6));
    expect(out).toHaveLength(1);
    const lost = taken(key(5), key(7), 'Z 24575000000000').events;
    expect(lost).toMatchObject([
      { kind: 'ended', end: ENDED.unread_data, port: 8080, pid: null, comm: null, count: 7 },
      {},
    ]);
  });

  test('that found no room have their kind alone', () => {
    const other = (1n << 60n) | (BigInt(ENDED.linger_zero) << 56n);
    expect(taken(`@tally[${other}]: 9`).events).toMatchObject([
      { kind: 'ended', end: ENDED.linger_zero, port: null, pid: null, comm: null, count: 9 },
    ]);
  });

  test('whose line is torn are malformed', () => {
    expect(taken('N 24573975145903 6be1b8ca01 1f90000c7011 4c4f 61 70').events).toMatchObject([{ kind: 'malformed' }]);
  });
});
