import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDecoder } from '../../src/wire/decode.ts';
import type { WireEvent } from '../../src/wire/event.ts';
import { ownLine } from '../../src/wire/own-lines.ts';
import { BOOT, helloLine, orphanReadLine } from '../builders/wire-lines.ts';

const read = (line: string): WireEvent | null => {
  const decode = createDecoder();
  decode(helloLine());
  return decode(line);
};
const at = fc.integer({ min: 0, max: 10 ** 15 });
const boot = (ns: number): bigint => BOOT + BigInt(ns);
const count = fc.nat({ max: 2 ** 31 });
const port = fc.nat({ max: 65_535 });
const memories = fc.record({ pages: count, low: count, pressure: count, high: count });
const words = fc.string({ unit: fc.constantFrom(...'abc 0[]:;\\') }).map((text) => text.trim());

test('an inventoried orphan that is written is read back', () => {
  fc.assert(
    fc.property(
      at,
      fc.record({ netns: count, lport: port, rport: port, retransmits: count, txQueue: count }),
      fc.integer({ min: 1, max: 12 }),
      fc.ipV4(),
      (ns, on, state, addr) => {
        const line = ownLine.inventoried(boot(ns), [
          on.netns,
          'ipv4',
          addr,
          on.lport,
          '10.9.8.7',
          on.rport,
          state,
          on.retransmits,
          on.txQueue,
          4,
          1230,
          on.retransmits,
        ]);
        expect(read(line)).toEqual({
          kind: 'inventoried',
          at: ns,
          family: 'ipv4',
          laddr: addr,
          raddr: '10.9.8.7',
          state,
          ...on,
          timer: { kind: 4, ms: 1230, probesOut: on.retransmits },
        });
        expect(read(line.split(' ').slice(0, -3).join(' '))).toMatchObject({ kind: 'inventoried', timer: null });
      },
    ),
  );
});

test('a reading that is written is read back; an unknown value is null', () => {
  const number = fc.option(fc.nat({ max: 255 }));
  fc.assert(
    fc.property(at, number, number, fc.boolean(), (ns, sndWnd, orphanRetries, hasCgroup) => {
      const line = ownLine.orphanRead(boot(ns), [
        ...[7, 'ipv6', '2001:db8::1', 80, '2001:db8::2', 5, 4, '18446744073709551615', 1000],
        ...[hasCgroup ? '4242' : null, 3, 1449, 4, 1230, 2, 6, 208_500, 1, 1400, sndWnd, 1, 2, 3, 4, 5],
        ...[orphanRetries, 15, 0],
      ]);
      expect(read(line)).toEqual({
        kind: 'orphan_read',
        at: ns,
        netns: 7,
        family: 'ipv6',
        laddr: '2001:db8::1',
        lport: 80,
        raddr: '2001:db8::2',
        rport: 5,
        state: 4,
        cookie: '18446744073709551615',
        uid: 1000,
        cgroupId: hasCgroup ? '4242' : null,
        retransmits: 3,
        txQueue: 1449,
        timer: { kind: 4, ms: 1230, probesOut: 2 },
        backoff: 6,
        rtoMs: 208.5,
        packetsOut: 1,
        notSent: 1400,
        sndWnd,
        wmemQueued: 1,
        rmemAlloc: 2,
        forwardAlloc: 3,
        lastSendMs: 4,
        lastAckMs: 5,
        sysctls: orphanRetries === null ? null : { orphanRetries, retries2: 15, rtoMaxMs: 0 },
      });
    }),
  );
});

test('a reading with a field that is none is malformed', () => {
  const good = orphanReadLine(5);
  expect(read(good)).toMatchObject({ kind: 'orphan_read' });
  for (const [i, field] of good.split(' ').entries()) {
    if (i < 2) continue;
    const words = good.split(' ');
    words[i] = `x${field}`;
    expect(read(words.join(' ')), `field ${i}`).toMatchObject({ kind: 'malformed' });
  }
  expect(read(`${good} 1`)).toMatchObject({ kind: 'malformed' });
});

test('the end of the inventory keeps when the probes were attached', () => {
  fc.assert(
    fc.property(at, count, count, count, (ns, since, namespaces, unreadable) => {
      expect(read(ownLine.inventoryEnd(boot(ns), BigInt(since), namespaces, unreadable))).toEqual({
        kind: 'inventory_end',
        at: ns,
        attachedAt: ns - since,
        namespaces,
        unreadable,
      });
    }),
  );
});

test('a sample that is written is read back', () => {
  fc.assert(
    fc.property(at, count, count, fc.option(memories), (ns, orphans, limit, memory) => {
      expect(read(ownLine.sample(boot(ns), orphans, limit, memory))).toEqual({
        kind: 'sample',
        at: ns,
        orphans,
        limit,
        memory,
      });
    }),
  );
});

test('a sample of finwait 0.1, which knew no memory, is read; one with a part of it is not', () => {
  expect(read(`k ${boot(1)} 5 8192`)).toEqual({ kind: 'sample', at: 1, orphans: 5, limit: 8192, memory: null });
  for (const more of ['1', '1 2', '1 2 3', '1 2 3 4 5', '1 2 3 x', ' ']) {
    expect(read(`k ${boot(1)} 5 8192 ${more}`)).toMatchObject({ kind: 'malformed' });
  }
});

test('a line of the kernel’s log that is written is read back', () => {
  fc.assert(
    fc.property(
      at,
      count,
      fc.constantFrom('orphans', 'memory'),
      fc.nat({ max: 127 }),
      words.filter((text) => text !== ''),
      (ns, ago, about, facility, text) => {
        expect(read(ownLine.kernelLog(boot(ns), BigInt(ago), about, facility, text))).toEqual({
          kind: 'kernel_log',
          at: ns,
          loggedAt: ns - ago,
          about,
          facility,
          text,
        });
      },
    ),
  );
});

test.each(['weather 0 text', 'orphans kern text', 'orphans', 'orphans 0'])(
  'a line of the kernel’s log of another form is malformed: %s',
  (rest) => {
    const line = `m ${boot(5)} 1 ${rest}`;
    expect(read(line)).toEqual({ kind: 'malformed', line });
  },
);

test('what is no printable ASCII in a text is written as in JSON, and controls as a space: recordings are looked at', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const line of [
        ownLine.kernelLog(boot(1), 0n, 'orphans', 0, `x${text}`),
        ownLine.lost(boot(1), 1, text),
        ownLine.notice(boot(1), text),
      ]) {
        expect(line).toMatch(/^[ -~]+$/);
        expect(read(line)?.kind).not.toBe('malformed');
      }
    }),
  );
  expect(ownLine.notice(boot(1), 'é\u009d\u202e\u001b\n!')).toBe(`n ${boot(1)} \\u00e9\\u009d\\u202e !`);
});

test('a step of the wall clock is read back to its microsecond', () => {
  fc.assert(
    fc.property(at, fc.bigInt({ min: 0n, max: 10n ** 20n }), (ns, wallNs) => {
      expect(read(ownLine.wallStep(boot(ns), wallNs))).toEqual({
        kind: 'wall_step',
        at: ns,
        wallSec: Number(wallNs / 1_000_000_000n),
        wallUsec: Number((wallNs / 1000n) % 1_000_000n),
      });
    }),
  );
  // A clock that was set to before 1970.
  expect(read(ownLine.wallStep(boot(1), -1n))).toMatchObject({ kind: 'wall_step', wallSec: 0 });
});

test.each(['', '5', '5.1', '-5.000000', '5.000000 6', '9999999999999.000000'])(
  'a step of another form is malformed: %s',
  (rest) => {
    const line = `w ${boot(5)} ${rest}`;
    expect(read(line)).toEqual({ kind: 'malformed', line });
  },
);

test('words that are written are read back', () => {
  fc.assert(
    fc.property(at, count, words, (ns, lost, text) => {
      expect(read(ownLine.lost(boot(ns), lost, text))).toEqual({ kind: 'lost', at: ns, count: lost, where: text });
      expect(read(ownLine.notice(boot(ns), text))).toEqual({ kind: 'notice', at: ns, text });
    }),
  );
});

test('whatever the words hold, the line is one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const line = ownLine.notice(1n, text);
      expect(line).not.toMatch(/[\u0000-\u001f\u007f]/);
    }),
  );
});
