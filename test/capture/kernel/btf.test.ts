import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type Btf, loadBtf, parseBtf } from '../../../src/capture/kernel/btf.ts';
import { btfBlob } from '../../builders/btf.ts';

const VMLINUX = '/sys/kernel/btf/vmlinux';

const blob = btfBlob([
  { kind: 'int', name: 'int' },
  { kind: 'struct', name: 'atomic', members: [['counter', 1]] },
  { kind: 'typedef', name: 'atomic_t', type: 2 },
  { kind: 'const', type: 3 },
  {
    kind: 'union',
    members: [
      ['anonymous', 1],
      ['refcnt', 4],
    ],
  },
  {
    kind: 'struct',
    members: [
      ['', 5],
      ['deep', 1],
    ],
  },
  {
    kind: 'struct',
    name: 'file',
    members: [
      ['f_mode', 1],
      ['', 6],
      ['f_path', 2],
    ],
  },
  { kind: 'func', name: 'tcp_set_state', type: 0 },
  { kind: 'struct', name: 'trace_event_raw_tcp_send_reset', members: [['reason', 9]] },
  {
    kind: 'enum',
    name: 'sk_rst_reason',
    values: [
      ['SK_RST_REASON_NOT_SPECIFIED', 0],
      ['SK_RST_REASON_TCP_RFC9293', 8],
    ],
  },
  {
    kind: 'enum64',
    name: 'wide',
    values: [
      ['WIDE_ONE', 1],
      ['WIDE_MINUS', -1],
    ],
  },
  { kind: 'struct', name: 'last', members: [['x', 1]] },
  { kind: 'ptr', type: 2 },
  { kind: 'struct', name: 'holder', members: [['ref', 13]] },
]);

describe('a small BTF', () => {
  const btf = parseBtf(blob);

  test.each([
    ['struct file', true],
    ['struct file.f_mode', true],
    ['struct last.x', true],
    ['struct nothing', false],
    ['struct file.nothing', false],
    ['struct file.f_mode.counter', false],
    ['func tcp_set_state', true],
    ['func file', false],
    ['struct tcp_set_state', false],
    ['tracepoint tcp:tcp_send_reset.reason', true],
    ['tracepoint tcp:tcp_send_reset.state', false],
    ['tracepoint tcp:tcp_nothing', false],
    ['tracepoint', false],
    ['struct', false],
    ['moon file', false],
    ['', false],
  ])('has %j: %s', (condition, answer) => {
    expect(btf.has(condition)).toBe(answer);
  });

  test('members of anonymous structs and unions are found through them', () => {
    expect(btf.has('struct file.refcnt')).toBe(true);
    expect(btf.has('struct file.deep')).toBe(true);
  });

  test('members are found behind typedef and const', () => {
    expect(btf.has('struct file.refcnt.counter')).toBe(true);
  });

  test('a pointer is not looked through', () => {
    expect(btf.has('struct holder.ref')).toBe(true);
    expect(btf.has('struct holder.ref.counter')).toBe(false);
  });

  test('a name that is only part of another is none', () => {
    expect(btf.has('struct fil')).toBe(false);
    expect(btf.has('func set_state')).toBe(false);
  });

  test('an enum gives its names by value', () => {
    expect([...btf.enumNames('sk_rst_reason')]).toEqual([
      [0, 'SK_RST_REASON_NOT_SPECIFIED'],
      [8, 'SK_RST_REASON_TCP_RFC9293'],
    ]);
    expect([...btf.enumNames('wide')]).toEqual([
      [1, 'WIDE_ONE'],
      [-1, 'WIDE_MINUS'],
    ]);
  });

  test('an enum that is not there has no names', () => {
    expect(btf.enumNames('file').size).toBe(0);
    expect(btf.enumNames('nothing').size).toBe(0);
  });
});

describe('garbage', () => {
  const folder = mkdtempSync(join(tmpdir(), 'finwait-btf-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const load = (bytes: Uint8Array): Btf | undefined => {
    const path = join(folder, 'btf');
    writeFileSync(path, bytes);
    return loadBtf(path);
  };
  const ask = (btf: Btf | undefined): void => {
    for (const condition of [
      'struct file.refcnt.counter',
      'func tcp_set_state',
      'tracepoint tcp:tcp_send_reset.reason',
    ]) {
      btf?.has(condition);
    }
    btf?.enumNames('sk_rst_reason');
    btf?.enumNames('wide');
  };

  test('that is no BTF is undefined, and so is a file that is not there', () => {
    expect(load(Buffer.from('ELF or so, longer than a header'))).toBeUndefined();
    expect(load(Buffer.alloc(0))).toBeUndefined();
    expect(loadBtf(join(folder, 'missing'))).toBeUndefined();
    expect(loadBtf(folder)).toBeUndefined();
  });

  test('a kind of type that is newer than this program is undefined, not a wrong answer', () => {
    const newer = Buffer.from(blob);
    newer.writeUInt32LE((25 << 24) >>> 0, 24 + 4);
    expect(load(newer)).toBeUndefined();
  });

  test('never crashes the loading nor the asking, wherever a BTF is cut', () => {
    for (let length = 0; length < blob.length; length++) ask(load(blob.subarray(0, length)));
  });

  test('never crashes the loading nor the asking, whatever bytes are changed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: blob.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 }),
        (changes) => {
          const bytes = Buffer.from(blob);
          for (const [at, byte] of changes) bytes[at] = byte;
          ask(load(bytes));
        },
      ),
      { numRuns: 600 },
    );
  });

  test('types that refer to each other in a circle are no trap', () => {
    ask(
      load(
        btfBlob([
          { kind: 'typedef', name: 'loop', type: 2 },
          { kind: 'const', type: 1 },
          {
            kind: 'struct',
            name: 'file',
            members: [
              ['', 4],
              ['refcnt', 1],
            ],
          },
          { kind: 'struct', members: [['', 4]] },
        ]),
      ),
    );
  });
});

describe.skipIf(!existsSync(VMLINUX))('the running kernel', () => {
  const btf = existsSync(VMLINUX) ? parseBtf(readFileSync(VMLINUX)) : undefined;

  test.each([
    'struct sock.__sk_common.skc_flags',
    'struct sock.sk_backlog.rmem_alloc.counter',
    'struct tcp_sock.snd_una',
    'struct inet_connection_sock.icsk_retransmits',
    'tracepoint sock:inet_sock_set_state.skaddr',
  ])('has %s', (condition) => {
    expect(btf?.has(condition)).toBe(true);
  });

  test.each([
    ['struct file.f_ref.refcnt', 'struct file.f_count'],
    ['struct sock.tcp_retransmit_timer', 'struct inet_connection_sock.icsk_retransmit_timer'],
    ['struct inet_connection_sock.icsk_keepalive_timer', 'struct sock.sk_timer'],
  ])('has %s or %s, whichever its version has', (one, other) => {
    expect(btf?.has(one) === true || btf?.has(other) === true).toBe(true);
  });

  test('has not what no kernel has', () => {
    expect(btf?.has('struct sock.finwait')).toBe(false);
    expect(btf?.has('func finwait')).toBe(false);
  });
});
