import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commText } from '../../src/wire/comm.ts';
import { VIA } from '../../src/wire/event.ts';
import { HOLDER, holderOf, OWN, parseAnnounce, parseEvidence, shutdownOf, stateOf } from '../../src/wire/evidence.ts';
import { wordAt } from '../../src/wire/layout.ts';
import {
  announceLine,
  COMM,
  commHex,
  ms,
  PF_EXITING,
  PF_KTHREAD,
  retransmitLine,
  setStateLine,
} from '../builders/wire-lines.ts';

const u32 = fc.nat({ max: 0xffffffff });
const u16 = fc.nat({ max: 0xffff });
const u8 = fc.nat({ max: 0xff });
const evidence = fc.record({
  flags: u32,
  err: u16,
  errSoft: u16,
  pending: u8,
  icskRetransmits: u8,
  backoff: u8,
  probesOut: u8,
  writeSeq: u32,
  sndUna: u32,
  sndNxt: u32,
  sndWnd: u32,
  rto: u32,
  packetsOut: u32,
  rtoTimer: u32,
  skTimer: u32,
  wmemQueued: u32,
  rmemAlloc: u32,
  forwardAlloc: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  retransStamp: u32,
});

describe('evidence', () => {
  test('what the probe packs is what S, R and A lines unpack, in all bits', () => {
    fc.assert(
      fc.property(evidence, (fields) => {
        for (const read of [
          parseEvidence(setStateLine({ at: 1, from: 'FIN_WAIT1', to: 'CLOSE', ...fields })),
          parseEvidence(retransmitLine({ at: 1, ...fields })),
          parseAnnounce(announceLine(fields)).evidence,
        ]) {
          expect(read).toMatchObject(fields);
        }
      }),
    );
  });

  test('the context field holds lock, holder, shutdown and state', () => {
    const { context } = parseEvidence(
      retransmitLine({ at: 1, state: 'LAST_ACK', shutdown: 2, holder: HOLDER.lastFput, own: true }),
    );
    expect([context & OWN, holderOf(context), shutdownOf(context), stateOf(context)]).toEqual([1, 3, 2, 9]);
  });
});

describe('an announcement', () => {
  test('gives identity, options and closer', () => {
    expect(
      parseAnnounce(
        announceLine({
          via: VIA.hook,
          rcvNxt: 0xfffffff0,
          copiedSeq: 0xffffff00,
          userTimeoutMs: 5000,
          lingerTime: 250,
          rtoMax: 30_000,
          netns: 4_026_532_001,
          uid: 0xfffffffe,
          mark: 7,
          lport: 443,
          rport: 51_234,
          pid: 4_194_304,
          tid: 4_194_305,
          exitCode: 0x700,
        }),
      ),
    ).toMatchObject({
      rcvNxt: 0xfffffff0,
      copiedSeq: 0xffffff00,
      userTimeoutMs: 5000,
      lingerTime: 250,
      rtoMax: 30_000,
      netns: 4_026_532_001,
      uid: 0xfffffffe,
      mark: 7,
      family: 'ipv4',
      laddr: '10.0.0.1',
      lport: 443,
      raddr: '10.0.0.2',
      rport: 51_234,
      pid: 4_194_304,
      tid: 4_194_305,
      exitCode: 0x700,
      exiting: false,
      isKernelThread: false,
      comm: COMM,
    });
  });

  test('TCP_LINGER2 is signed', () => {
    expect(parseAnnounce(announceLine({ linger2: -1 })).linger2).toBe(-1);
  });

  test('a cgroup id and a cookie of 64 bits stay exact', () => {
    const detail = parseAnnounce(announceLine({ cgroup: 2n ** 64n - 1n, cookie: 2n ** 53n + 1n }));
    expect([detail.cgroupId, detail.cookie]).toEqual(['18446744073709551615', '9007199254740993']);
  });

  test('a dying task and a kernel thread are told by its flags', () => {
    expect(parseAnnounce(announceLine({ taskFlags: PF_EXITING })).exiting).toBe(true);
    expect(parseAnnounce(announceLine({ taskFlags: PF_KTHREAD })).isKernelThread).toBe(true);
  });

  test('addresses of IPv6 are taken from the IPv6 fields', () => {
    expect(parseAnnounce(announceLine({ local: '2001:db8::1', peer: 'fe80::abcd:1' }))).toMatchObject({
      family: 'ipv6',
      laddr: '2001:db8::1',
      raddr: 'fe80::abcd:1',
    });
  });

  test('past transitions come oldest first, with their errno and who made them', () => {
    const { moves } = parseAnnounce(
      announceLine({
        moves: [
          { at: ms(1), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true },
          { at: ms(2), from: 'FIN_WAIT1', to: 'FIN_WAIT2' },
          { at: ms(3), from: 'FIN_WAIT2', to: 'CLOSE', err: 104 },
        ],
      }),
    );
    expect(moves).toEqual([
      { bootUs: 1_000_001_000, from: 1, to: 4, own: true, err: 0 },
      { bootUs: 1_000_002_000, from: 4, to: 5, own: false, err: 0 },
      { bootUs: 1_000_003_000, from: 5, to: 7, own: false, err: 104 },
    ]);
  });

  test('transitions of an earlier connection of the same sock are left out', () => {
    const { moves } = parseAnnounce(
      announceLine({
        moves: [
          { at: ms(1), from: 'ESTABLISHED', to: 'CLOSE', own: true },
          { at: ms(2), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true },
        ],
      }),
    );
    expect(moves.map(({ from, to }) => [from, to])).toEqual([[1, 4]]);
  });

  test('a boot clock of a century keeps its microseconds in past transitions', () => {
    const century = 8n * 365n * 86_400n * 1_000_000n;
    const line = announceLine().split(' ');
    line[wordAt('announce', 'h0')] = ((century << 16n) | 0x4500n).toString(16);
    expect(parseAnnounce(line.join(' ')).moves).toMatchObject([{ bootUs: Number(century), from: 4, to: 5 }]);
  });
});

describe('comm', () => {
  test.each([
    ['plain text', 'nginx', 'nginx'],
    ['16 bytes without a NUL', 'exactly-sixteen!', 'exactly-sixteen!'],
    ['spaces and brackets', 'a [b] (c)', 'a [b] (c)'],
    ['a newline, kept for the view to escape', 'a\nb', 'a\nb'],
    ['an escape sequence, kept for the view to escape', '\u001b[31mred', '\u001b[31mred'],
    ['UTF-8', 'größe', 'größe'],
    ['nothing', '', ''],
  ])('%s', (_what, comm, text) => {
    expect(commText(commHex(comm))).toBe(text);
  });

  test('ends at the first NUL, whatever the kernel left behind it', () => {
    expect(commText(commHex('sh\0left over'))).toBe('sh');
  });

  test('bytes that are no UTF-8 are spelled out', () => {
    expect(commText(commHex(Uint8Array.of(0x61, 0xff, 0xc3, 0x28)))).toBe('a\\xff\\xc3(');
  });

  test('a name cut in the middle of a character is spelled out, not lost', () => {
    expect(commText(commHex(Uint8Array.of(...new TextEncoder().encode('fünfzehn_bytes'), 0xc3)))).toBe(
      'f\\xc3\\xbcnfzehn_bytes\\xc3',
    );
  });

  test('any 16 bytes survive the line: it decodes, and the text has no NUL and no replacement character', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const { comm } = parseAnnounce(announceLine({ comm: bytes }));
        expect(comm).not.toMatch(/[\0\ufffd]/);
        const text = new TextDecoder('utf8', { fatal: true, ignoreBOM: true });
        const name = bytes.subarray(0, bytes.includes(0) ? bytes.indexOf(0) : 16);
        let expected: string | null = null;
        try {
          expected = text.decode(name);
        } catch {
          // No UTF-8: spelled out.
        }
        if (expected !== null) expect(comm).toBe(expected);
      }),
    );
  });
});
