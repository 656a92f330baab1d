import { describe, expect, test } from 'vitest';
import { createPackedSocks } from '../../src/lifecycle/packed-socks.ts';
import { parseAnnounce } from '../../src/wire/evidence.ts';
import { packedText } from '../../src/wire/packed.ts';
import { only, track } from '../builders/track.ts';
import { announceLine, BOOT, ms, retransmitLine, setStateLine, tickLine } from '../builders/wire-lines.ts';

const orphan = () =>
  only(
    track()
      .feed(
        announceLine({ at: 1000, uid: 0xffffffff, moves: [{ at: 900, from: 'ESTABLISHED', to: 'FIN_WAIT1' }] }),
        setStateLine({ at: ms(1), from: 'FIN_WAIT1', to: 'FIN_WAIT2' }),
        retransmitLine({ at: ms(2) }),
      )
      .tracker.live(),
  );

describe('a packed sock', () => {
  test('is read as it was, its lines packed', () => {
    const sock = orphan();
    const packed = createPackedSocks();
    const id = packed.pack(sock) ?? -1;
    const line = packedText(sock.announce.line);
    const latest = packedText(sock.latest ?? '');
    expect(packed.read(id, sock.sk)).toEqual({ ...sock, announce: { ...sock.announce, line }, latest });
  });

  test('is not what was read of it: changing one leaves the other', () => {
    const packed = createPackedSocks();
    const id = packed.pack(orphan()) ?? -1;
    const read = packed.read(id, orphan().sk);
    read.state = 7;
    read.moves.push({ at: read.announcedAt, from: 5, to: 7, own: true });
    packed.addGap(id, 'events_lost');
    const again = packed.read(id, read.sk);
    expect([again.state, again.moves.length, [...again.gaps]]).toEqual([5, 1, ['events_lost']]);
    expect([...read.gaps]).toEqual([]);
  });

  test('a deferred announcement is read as it was: what it showed then is its newest evidence', () => {
    const announced = announceLine({ at: ms(30), moves: [{ at: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1' }] }).split(' ');
    const comm = announced.splice(-16);
    const deferred = [
      'L',
      ...announced.slice(1),
      (BOOT + BigInt(ms(1))).toString(16),
      '138800001388',
      '30010',
      ...comm,
    ];
    const sock = only(track().feed(deferred.join(' ')).tracker.live());
    expect([sock.closedAt, sock.latest]).toEqual([ms(1), sock.announce.line]);
    const packed = createPackedSocks();
    const read = packed.read(packed.pack(sock) ?? -1, sock.sk);
    const line = packedText(sock.announce.line);
    expect(read).toEqual({ ...sock, announce: { ...sock.announce, line }, latest: line });
    expect(parseAnnounce(line)).toEqual(parseAnnounce(sock.announce.line));
  });

  test('that was unpacked is packed again with all that it said, however often', () => {
    const sock = orphan();
    const packed = createPackedSocks();
    let id = packed.pack(sock) ?? -1;
    for (let i = 0; i < 5; i++) {
      const unpacked = packed.unpack(id, sock.sk);
      unpacked.retransmits++;
      unpacked.latest = retransmitLine({ at: ms(3 + i), sndUna: i });
      const line = packedText(sock.announce.line);
      id = packed.pack(unpacked) ?? -1;
      const latest = packedText(unpacked.latest);
      expect(packed.read(id, sock.sk)).toEqual({ ...unpacked, announce: { ...sock.announce, line }, latest });
    }
  });

  test('that was unpacked, and is forgotten or packed again, makes room: a thousand take no more than one', () => {
    const packed = createPackedSocks();
    const sock = orphan();
    const first = packed.pack(sock) ?? -1;
    let id = first;
    for (let i = 0; i < 1000; i++) {
      const unpacked = packed.unpack(id, sock.sk);
      if (i % 2 === 0) packed.forget(unpacked);
      id = packed.pack(unpacked) ?? -1;
    }
    const next = [packed.pack({ ...sock }), packed.pack({ ...sock })].map((each) => each ?? Number.NaN);
    expect(Math.max(...next) - first).toBeLessThan(100);
  });

  test('has no place for one that is lingering, was reset, or is destroyed', () => {
    const packed = createPackedSocks();
    const sock = orphan();
    const reset = { kind: 'reset', at: sock.announcedAt, sk: sock.sk, sent: true, state: 4 } as const;
    const rest = { answersSegment: false, reason: null, dataSegsIn: 0, cpu: 0 };
    expect(packed.pack({ ...sock, lingering: true })).toBeNull();
    expect(packed.pack({ ...sock, destroyedAt: sock.announcedAt })).toBeNull();
    expect(packed.pack({ ...sock, resets: [{ ...reset, ...rest }] })).toBeNull();
  });
});

test('socks alive keep the order of their announcements, packed or unpacked', () => {
  const addresses = ['c', 'a', 'b'];
  const { tracker, feed } = track().feed(...addresses.map((sk, i) => announceLine({ at: i, sk })), tickLine(ms(1)));
  feed(retransmitLine({ at: ms(2), sk: 'a' }));
  expect([...tracker.live()].map(({ sk }) => sk)).toEqual(addresses);
  feed(tickLine(ms(3)));
  expect([...tracker.live()].map(({ sk }) => sk)).toEqual(addresses);
});
