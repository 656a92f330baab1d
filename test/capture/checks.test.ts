import { describe, expect, test } from 'vitest';
import { checkOfLockdown, checksOfKnowledge } from '../../src/capture/checks.ts';
import { checkLockdown, parseLockdown } from '../../src/capture/lockdown.ts';
import { Fault } from '../../src/kernel/fault.ts';

const REASONS = 'tracepoint tcp:tcp_send_reset.reason';
const COUNTS = 'struct bpf_link_info.perf_event.kprobe.missed';
const btf = (...has: readonly string[]) => ({ has: (condition: string): boolean => has.includes(condition) });
const limits = (...on: Parameters<typeof checksOfKnowledge>): readonly string[] =>
  checksOfKnowledge(...on)
    .filter(({ state }) => state === 'limited')
    .map(({ name, detail }) => `${name}: ${detail}`);

describe('what doctor says that finwait cannot know', () => {
  test('nothing on a kernel that tells all, in a backend that sees all', () => {
    for (const backend of ['fentry', 'kprobe'] as const) expect(limits(btf(REASONS, COUNTS), backend)).toEqual([]);
  });

  test('before Linux 6.12: reset reasons', () => {
    expect(limits(btf(COUNTS), 'kprobe')).toEqual([expect.stringMatching(/^reset reasons: .*before Linux 6\.12/)]);
  });

  test('before Linux 6.7: what is skipped of kprobes and tracepoints; of fentry it is counted', () => {
    expect(limits(btf(REASONS), 'kprobe')).toEqual([expect.stringMatching(/^skipped probes: .*drift only/)]);
    expect(limits(btf(REASONS), 'fentry')).toEqual([]);
  });

  test('with tracepoints: the memory of a socket that close() resets', () => {
    expect(limits(btf(REASONS, COUNTS), 'tracepoint')).toEqual([
      expect.stringMatching(/^memory at a reset: .*held_bytes .* is null/),
    ]);
  });
});

describe('lockdown', () => {
  test.each([
    ['[none] integrity confidentiality\n', 'none'],
    ['none [integrity] confidentiality\n', 'integrity'],
    ['none integrity [confidentiality]\n', 'confidentiality'],
    ['', null],
    ['confidentiality', null],
  ])('%j is %s', (text, level) => {
    expect(parseLockdown(text)).toBe(level);
  });

  test('of confidentiality forbids tracing, and what to boot with is said by doctor and by the fault', () => {
    const check = checkOfLockdown('confidentiality');
    expect(check).toMatchObject({ state: 'missing', fix: expect.stringMatching(/^boot with lockdown=integrity/) });
    expect(() => checkLockdown('confidentiality')).toThrow(Fault);
  });

  test.each([null, 'none', 'integrity'] as const)('of %s forbids nothing', (level) => {
    expect(checkOfLockdown(level)).toMatchObject({ state: 'ok', fix: null });
    expect(() => checkLockdown(level)).not.toThrow();
  });
});
