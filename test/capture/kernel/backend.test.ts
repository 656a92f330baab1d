import { describe, expect, test } from 'vitest';
import { findTracefs, surveyBackends } from '../../../src/capture/kernel/backend.ts';
import type { Btf } from '../../../src/capture/kernel/btf.ts';

const btf = (...has: readonly string[]): Btf => ({
  has: (condition) => has.includes(condition),
  enumNames: () => new Map(),
});
const HOOKS = btf('func tcp_set_state', 'func inet_csk_destroy_sock');
const T = '/sys/kernel/tracing';
const MOUNTED = [`${T}/events`];
const KPROBES = `${T}/kprobe_events`;
const TRACEPOINTS = [`${T}/events/sock/inet_sock_set_state`, `${T}/events/tcp/tcp_destroy_sock`];
const FUNCTIONS = `${T}/available_filter_functions`;

const survey = (kernel: Btf | undefined, there: readonly string[], opens: readonly string[] = there) =>
  Object.fromEntries(
    surveyBackends(
      kernel,
      (path) => there.includes(path),
      (path) => opens.includes(path),
    ).map((state) => [state.backend, state]),
  );
const available = (...on: Parameters<typeof survey>): readonly string[] =>
  Object.values(survey(...on))
    .filter((state) => state.isAvailable)
    .map((state) => state.backend);

describe('backends', () => {
  test('of a kernel that has everything are all there, the best first', () => {
    expect(available(HOOKS, [...MOUNTED, ...TRACEPOINTS, KPROBES, FUNCTIONS])).toEqual([
      'fentry',
      'kprobe',
      'tracepoint',
    ]);
  });

  test('without tracefs or without BTF are none, and each says why', () => {
    expect(available(HOOKS, [])).toEqual([]);
    expect(survey(HOOKS, []).tracepoint?.reason).toContain('tracefs');
    expect(available(undefined, [...MOUNTED, ...TRACEPOINTS, KPROBES])).toEqual([]);
    expect(survey(undefined, MOUNTED).kprobe?.reason).toContain('BTF');
  });

  test('a tracefs that root alone may look into is not said to be unmounted', () => {
    const reasons = surveyBackends(
      HOOKS,
      () => false,
      () => false,
      () => true,
    ).map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(new Set(['tracefs can be looked into by root alone']));
  });

  test('a function list that lockdown does not let open is no fentry', () => {
    const there = [...MOUNTED, ...TRACEPOINTS, KPROBES, FUNCTIONS];
    expect(available(HOOKS, there, [])).toEqual(['kprobe', 'tracepoint']);
    expect(survey(HOOKS, there, []).fentry?.reason).toContain('lockdown');
  });

  test('functions that BTF does not list are no fentry', () => {
    const fentry = survey(btf('func tcp_set_state'), [...MOUNTED, FUNCTIONS]).fentry;
    expect(fentry?.isAvailable).toBe(false);
    expect(fentry?.reason).toContain('inet_csk_destroy_sock');
  });

  test('kprobes are known by tracefs or by their event source', () => {
    expect(available(HOOKS, [...MOUNTED, KPROBES])).toEqual(['kprobe']);
    expect(available(HOOKS, [...MOUNTED, '/sys/bus/event_source/devices/kprobe'])).toEqual(['kprobe']);
  });

  test('a tracepoint that is missing is named', () => {
    const state = survey(HOOKS, [...MOUNTED, `${T}/events/sock/inet_sock_set_state`]).tracepoint;
    expect(state).toMatchObject({ isAvailable: false });
    expect(state?.reason).toContain('tcp_destroy_sock');
    expect(state?.reason).not.toContain('inet_sock_set_state');
  });
});

test('tracefs is taken where it is mounted, its own place before debugfs', () => {
  const debug = '/sys/kernel/debug/tracing';
  expect(findTracefs(() => true)).toBe(T);
  expect(findTracefs((path) => path.startsWith(debug))).toBe(debug);
  expect(findTracefs(() => false)).toBeNull();
});
