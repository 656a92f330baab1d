import { describe, expect, test } from 'vitest';
import { checkOfLockdown, checksOfBackends, checksOfKnowledge } from '../../src/capture/checks.ts';
import type { BackendState } from '../../src/capture/kernel/backend.ts';
import { checkLockdown, parseLockdown } from '../../src/capture/kernel/lockdown.ts';
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
    expect(limits(btf(REASONS, COUNTS), 'fentry')).toEqual([]);
  });

  test('before Linux 6.12: reset reasons, and resets by minisocks', () => {
    expect(limits(btf(COUNTS), 'fentry')).toEqual([
      expect.stringMatching(/^reset reasons: .*before Linux 6\.12/),
      expect.stringMatching(/^minisock resets: .*does not know/),
    ]);
  });

  test('before Linux 6.7: what is skipped of kprobes and tracepoints; of fentry it is counted', () => {
    expect(limits(btf(REASONS), 'kprobe')).toEqual([expect.stringMatching(/^skipped probes: .*drift only/)]);
    expect(limits(btf(REASONS), 'fentry')).toEqual([]);
  });

  test('with kprobes: those that are hit in the handler of another', () => {
    expect(limits(btf(REASONS, COUNTS), 'kprobe')).toEqual([
      expect.stringMatching(/^skipped probes: .*nmissed.*drift only/),
    ]);
  });

  test('with tracepoints: the memory of a socket that close() resets', () => {
    expect(limits(btf(REASONS, COUNTS), 'tracepoint')).toEqual([
      expect.stringMatching(/^memory at a reset: .*held_bytes .* is null/),
    ]);
  });
});

describe('what doctor says of the backends', () => {
  const survey = (...available: readonly string[]): readonly BackendState[] =>
    (['fentry', 'kprobe', 'tracepoint'] as const).map((backend) => ({
      backend,
      isAvailable: available.includes(backend),
      reason: `${backend} it is`,
    }));
  const told = (...on: Parameters<typeof checksOfBackends>): readonly string[] =>
    checksOfBackends(...on).map(({ name, state, detail }) => `${state} ${name}: ${detail}`);

  test('one that is not there only limits, as long as there is another', () => {
    expect(told(survey('kprobe', 'tracepoint'), 'auto')).toEqual([
      'limited backend fentry: fentry it is',
      'ok backend kprobe: kprobe it is',
      'ok backend tracepoint: tracepoint it is',
      'ok backend auto: takes kprobe',
    ]);
  });

  test('one that is asked about and not there is missing; what auto takes is said all the same', () => {
    const lines = told(survey('tracepoint'), 'fentry');
    expect(lines.filter((line) => line.startsWith('missing'))).toEqual(['missing backend fentry: fentry it is']);
    expect(lines.at(-1)).toBe('ok backend auto: takes tracepoint');
  });

  test('where there is none all are missing, whichever was asked about', () => {
    for (const wanted of ['auto', 'kprobe'] as const)
      expect(told(survey(), wanted).every((line) => line.startsWith('missing'))).toBe(true);
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
