import { describe, expect, test } from 'vitest';
import { attachFault, howItEnded } from '../../src/capture/bpftrace/attach-fault.ts';
import {
  bpftraceEnv,
  createChatterReader,
  deferredParams,
  mapKeys,
  parseBpftraceVersion,
  readChatter,
  reorderWindowMs,
} from '../../src/capture/bpftrace/bpftrace.ts';
import { missingCapabilities } from '../../src/capture/kernel/capabilities.ts';
import { clockReading, parseTimerList } from '../../src/capture/kernel/jiffies.ts';
import { parseAuxv } from '../../src/capture/kernel/page-size.ts';
import { parseSockstat, parseTcpMemory } from '../../src/capture/kernel/sockstat.ts';

describe('/proc/net/sockstat', () => {
  test('gives the orphans', () => {
    expect(
      parseSockstat('sockets: used 217\nTCP: inuse 9 orphan 12345 tw 3 alloc 30 mem 2\nUDP: inuse 4 mem 1\n'),
    ).toBe(12_345);
  });

  test.each(['', 'TCP: inuse 9 tw 3', 'UDP: inuse 1 orphan 7', 'TCP6: inuse 1'])('%j has none', (text) => {
    expect(parseSockstat(text)).toBeNull();
  });
});

describe('the memory of TCP', () => {
  const sockstat = 'sockets: used 217\nTCP: inuse 9 orphan 1 tw 3 alloc 30 mem 193\nFRAG: inuse 0 memory 7\n';

  test('is its pages and tcp_mem, whose fields are parted by tabs', () => {
    expect(parseTcpMemory(sockstat, '287901\t383868\t575802\n')).toEqual({
      pages: 193,
      low: 287_901,
      pressure: 383_868,
      high: 575_802,
    });
  });

  test.each([
    ['', '1 2 3'],
    [sockstat, ''],
    [sockstat, '1 2'],
    [sockstat, '1 2 3 4'],
    ['FRAG: inuse 0 mem 7', '1 2 3'],
  ])('is unknown of %j and %j', (text, tcpMem) => {
    expect(parseTcpMemory(text, tcpMem)).toBeNull();
  });
});

describe('the page size', () => {
  const auxv = (isLittle: boolean, ...words: readonly bigint[]): Uint8Array => {
    const view = new DataView(new ArrayBuffer(words.length * 8));
    for (const [index, word] of words.entries()) view.setBigUint64(index * 8, word, isLittle);
    return new Uint8Array(view.buffer);
  };

  test.each([true, false])('is found among the words, little-endian %s', (isLittle) => {
    expect(parseAuxv(auxv(isLittle, 33n, 2n ** 63n, 6n, 65_536n, 0n, 0n), isLittle)).toBe(65_536);
  });

  test('is unknown where it is not, or cut off', () => {
    expect(parseAuxv(auxv(true, 17n, 6n, 0n, 0n), true)).toBeNull();
    expect(parseAuxv(auxv(true, 6n, 4096n).subarray(0, 12), true)).toBeNull();
    expect(parseAuxv(new Uint8Array(), true)).toBeNull();
  });
});

describe('bpftrace speaks of', () => {
  test.each([
    ['0.17, stdout', 'Lost 12 events', 12],
    ['0.17, one', 'Lost 1 events', 1],
    ['0.23, stderr', 'WARNING: Lost 40000 events', 40_000],
    ['0.27, in brackets', '[WARNING] Lost 7 events', 7],
    ['0.27, in the singular', 'WARNING: lost 1 event', 1],
    ['coloured', '\u001b[33mWARNING: Lost 9 events\u001b[0m', 9],
  ])('lost events: %s', (_version, line, count) => {
    expect(readChatter(line)).toEqual({ kind: 'lost', count });
  });

  test.each([
    ["WARNING: Map full; can't update element. Try increasing max_map_keys config", null],
    ['stdin:12:3-20: WARNING: Map is full', 12],
    ['stdin:5:3-20: WARNING: Failed to map_update_elem: Argument list too long (-7)', 5],
    ['stdin:5:3-20: WARNING: Failed to map_update_elem: No space left on device (-28)', 5],
  ])('a full map: %s', (line, at) => {
    expect(readChatter(line)).toEqual({ kind: 'map_full', text: line, at });
  });

  test.each([
    '',
    '   ',
    'Attaching 11 probes...',
    'Attached 11 probes',
    'WARNING: Could not increase RLIMIT_MEMLOCK to infinity',
    'WARNING: Could not read symbols from /sys/kernel/tracing/available_filter_functions: No such file or directory (2)',
    'stdin:9:3-9: WARNING: Return value discarded.',
  ])('nothing that matters: %j', (line) => {
    expect(readChatter(line)).toEqual({ kind: 'nothing' });
  });

  test('anything else is a message', () => {
    expect(readChatter("  stdin:3: ERROR: Unknown struct/union: 'sock'  ")).toEqual({
      kind: 'message',
      text: "stdin:3: ERROR: Unknown struct/union: 'sock'",
    });
  });

  test('a word that only looks like it is no loss', () => {
    expect(readChatter('almost 12 events').kind).toBe('message');
    expect(readChatter('Lost some events').kind).toBe('message');
  });
});

describe('the version of bpftrace', () => {
  test.each([
    ['bpftrace v0.17.0\n', '0.17.0'],
    ['bpftrace v0.23.2', '0.23.2'],
    ['bpftrace 0.27.0', '0.27.0'],
    ['bpftrace v0.23.2-dirty', '0.23.2'],
    ['WARNING: something\nbpftrace v0.21', '0.21'],
  ])('%j is %s', (text, version) => {
    expect(parseBpftraceVersion(text)).toBe(version);
  });

  test.each(['', 'bpftrace', 'bpftrace unknown', 'not bpftrace v1', 'bpftool v7.1.0'])('%j is none', (text) => {
    expect(parseBpftraceVersion(text)).toBeNull();
  });

  test.each([
    ['0.17.0', 250],
    ['0.22.9', 250],
    ['0.23.0', 5],
    ['1.0.0', 5],
  ])('%s displaces by up to %d ms', (version, window) => {
    expect(reorderWindowMs(version)).toBe(window);
  });
});

test('buffers are a power of two of pages, 128 MiB in all, within bounds', () => {
  expect(bpftraceEnv(1, 8192).BPFTRACE_PERF_RB_PAGES).toBe('4096');
  expect(bpftraceEnv(48, 8192).BPFTRACE_PERF_RB_PAGES).toBe('512');
  expect(bpftraceEnv(10_000, 8192).BPFTRACE_PERF_RB_PAGES).toBe('64');
});

test.each([
  [8192, 65_536],
  [131_072, 131_072],
  [10_000_000, 524_288],
])('with tcp_max_orphans %d a map holds %d sockets, by either name', (maxOrphans, keys) => {
  const env = bpftraceEnv(2, mapKeys(2, maxOrphans));
  expect([env.BPFTRACE_MAP_KEYS_MAX, env.BPFTRACE_MAX_MAP_KEYS]).toEqual([String(keys), String(keys)]);
});

describe('/proc/timer_list', () => {
  const text = (seconds: number, hz: number): string =>
    `Timer List Version: v0.10\nHRTIMER_MAX_CLOCK_BASES: 8\nnow at ${BigInt(Math.round(seconds * 1e9))} nsecs\n\ncpu: 0\njiffies: ${2n ** 32n + BigInt(Math.round((seconds - 300) * hz))}\n`;

  test.each([100, 250, 300, 1000])('tells %d jiffies a second, in the first minutes and after months', (hz) => {
    for (const seconds of [30, 200, 330, 3600, 1e7]) expect(parseTimerList(text(seconds, hz))?.hz).toBe(hz);
  });

  test('says nothing near 300 s of uptime, where it cannot', () => {
    expect(parseTimerList(text(300, 250))).toBeNull();
  });

  test.each(['', 'now at 5 nsecs\n', 'jiffies: 5\n', text(3600, 500)])(
    'says nothing where there is nothing',
    (given) => {
      expect(parseTimerList(given)).toBeNull();
    },
  );

  test('keeps the reading exact', () => {
    expect(parseTimerList(text(1e7, 250))).toEqual({
      hz: 250,
      jiffies: String(2n ** 32n + 2_499_925_000n),
      at_ns: '10000000000000000',
    });
  });

  test('as meta has it: the low half of jiffies, and the boot clock ahead by what the host has slept', () => {
    const reading = { hz: 250, jiffies: String(2n ** 32n + 2n ** 33n + 77n), at_ns: '5000000000' };
    expect(clockReading(reading, 3_000_000_000n)).toEqual({
      value: 77,
      boot_ns: '8000000000',
      monotonic_ns: '5000000000',
    });
  });
});

describe('capabilities', () => {
  const status = (...bits: readonly number[]): string =>
    `Name:\tnode\nCapInh:\t0000000000000000\nCapEff:\t${bits
      .reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n)
      .toString(16)
      .padStart(16, '0')}\nCapBnd:\t000001ffffffffff\n`;

  test('all of root’s miss none', () => {
    expect(missingCapabilities('CapEff:\t000001ffffffffff\n')).toEqual([]);
  });

  test('CAP_SYS_ADMIN stands for all three', () => {
    expect(missingCapabilities(status(21))).toEqual([]);
  });

  test('the three are enough, and each is missed by its name', () => {
    expect(missingCapabilities(status(19, 38, 39))).toEqual([]);
    expect(missingCapabilities(status(38, 39))).toEqual(['CAP_SYS_PTRACE']);
    expect(missingCapabilities(status(39))).toEqual(['CAP_PERFMON', 'CAP_SYS_PTRACE']);
  });

  test.each([status(), '', 'CapEff:\tnothing'])('none has none of them', (text) => {
    expect(missingCapabilities(text)).toEqual(['CAP_BPF', 'CAP_PERFMON', 'CAP_SYS_PTRACE']);
  });
});

describe('a failure to attach', () => {
  test('is a fault of exit code 3 with what bpftrace said of it', () => {
    const fault = attachFault('tracepoint', { exitCode: 1, failed: true }, ['a warning', 'ERROR: it failed'], false);
    expect(fault.exitCode).toBe(3);
    expect(fault.message).toContain('tracepoint');
    expect(fault.message).toContain('exit code 1');
    expect(fault.why).toBe('ERROR: it failed');
  });

  test.each([
    ['Error loading program: Operation not permitted', /root|sudo/],
    ['ERROR: tracepoint not found: tcp:tcp_destroy_sock', /--backend|doctor/],
    ['something never heard of', /doctor/],
  ])('%s is answered with something to try', (said, remedy) => {
    expect(attachFault('fentry', { exitCode: 1, failed: true }, [said], false).remedy).toMatch(remedy);
  });

  test('a compiler error for want of CAP_SYS_ADMIN names that capability, and not the error', () => {
    const said = "definitions.h:86:22: error: field has incomplete type 'enum sk_rst_reason'";
    const fault = attachFault('tracepoint', { exitCode: 1, failed: true }, [said], true);
    expect(fault.message).toContain('CAP_SYS_ADMIN is missing');
    expect(fault.why).not.toContain('incomplete type');
    expect(fault.remedy).toContain('--cap-add=SYS_ADMIN');
    expect(attachFault('tracepoint', { exitCode: 1, failed: true }, [said], false).why).toContain('incomplete type');
  });

  test('without a word says so', () => {
    expect(attachFault('kprobe', { signal: 'SIGKILL', failed: true }, [], false).why).not.toBe('');
  });

  test('a signal is named', () => {
    expect(howItEnded({ signal: 'SIGSEGV', failed: true })).toBe('killed by SIGSEGV');
    expect(howItEnded({ exitCode: 2, failed: true })).toBe('exit code 2');
  });
});

describe('a warning that quotes the script', () => {
  const quoted = [
    'Additional Info - helper: map_delete_elem, retcode: -2',
    '  if ($y.4 != 0) { delete(@young[$key]); }',
    '                   ~~~~~~~~~~~~~~~~~~~~',
  ];

  test('about a delete of what is not there says nothing', () => {
    const read = createChatterReader();
    const lines = ["stdin:469:33-53: WARNING: Can't delete map element because it does not exist.", ...quoted];
    expect(lines.map((line) => read(line).kind)).toEqual(['nothing', 'nothing', 'nothing', 'nothing']);
    expect(read('anything else').kind).toBe('message');
  });

  test('about a full map is one message', () => {
    const read = createChatterReader();
    const lines = ["stdin:40:3-20: WARNING: Map full; can't update element.", ...quoted];
    expect(lines.map((line) => read(line).kind)).toEqual(['map_full', 'nothing', 'nothing', 'nothing']);
  });
});

test('a ring fits its map, and is a power of two', () => {
  expect(deferredParams(10, 2, mapKeys(2, 8192))).toEqual(['10000000', '8191', '1']);
  expect(deferredParams(0.5, 64, mapKeys(64, 8192))).toEqual(['500000', '1023', '63']);
  expect(deferredParams(10, 4096, mapKeys(4096, 1 << 20))).toEqual(['10000000', '255', '4095']);
});
