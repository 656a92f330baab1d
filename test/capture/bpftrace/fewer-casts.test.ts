import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compose } from '../../../src/capture/bpftrace/compose.ts';
import { fewerCasts } from '../../../src/capture/bpftrace/fewer-casts.ts';
import { resolveProbe } from '../../../src/capture/bpftrace/probe-text.ts';
import { NO_FILTER } from '../../../src/filter/table.ts';

const PROBES = new URL('../../../probes/', import.meta.url);
const countOf = (text: string): number => text.split('(uint64)').length - 1;

test.each([
  ['$a = (uint64)7;', '$a = ($u64 | 7);'],
  ['$b = ((uint64)$sk->sk_err & 0xff) << 8;', '$b = ($u64 | $sk->sk_err & 0xff) << 8;'],
  ['$f = (uint64)$sk->__sk_common.skc_flags & 0xffffffff;', '$f = ($u64 | $sk->__sk_common.skc_flags & 0xffffffff);'],
  ['@put[(uint64)cpu] = (uint64)pid;', '@put[($u64 | cpu)] = ($u64 | pid);'],
  // A pointer, or what may be one, and what binds more tightly than the mask.
  ['$key = (uint64)args->skaddr;', '$key = (uint64)args->skaddr;'],
  ['if ($a == (uint64)$x & 0xff) { }', 'if ($a == (uint64)$x & 0xff) { }'],
])('%s', (line, becomes) => {
  const around = (text: string, brace: string): string => `BEGIN\n/(uint64)1 == 1/\n${brace}\n  ${text}\n}`;
  expect(fewerCasts(around(line, '{'))).toBe(around(becomes, '{ $u64 = (uint64)0;'));
});

describe.each(readdirSync(PROBES).filter((name) => name.endsWith('.bt')))('%s', (name) => {
  const text = resolveProbe(readFileSync(new URL(name, PROBES), 'utf8'), () => true);
  const fewer = fewerCasts(text);

  test('is the same script otherwise, line by line', () => {
    const again = fewer
      .replaceAll('{ $u64 = (uint64)0;', '{')
      .replace(/(?<= = )\(\$u64 \| ([^()]+ & 0x[0-9a-f]+)\)(?=;)/g, '(uint64)$1')
      .replace(/\(\$u64 \| (\w+)\)/g, '(uint64)$1')
      .replace(/\(\$u64 \| ([^()]+ & 0x[0-9a-f]+)\)/g, '((uint64)$1)');
    expect(again).toBe(text);
  });

  test('has a sixth of the casts', () => {
    expect(countOf(fewer)).toBeLessThan(countOf(text) / 6);
  });
});

test('only bpftrace 0.17 gets it', () => {
  const scriptFor = (version: string): string =>
    compose('tracepoint', version, () => false, { only: NO_FILTER, minAgeMs: 10, mapKeys: 65_536 }).script;
  expect(scriptFor('0.17.0')).toContain('{ $u64 = (uint64)0;');
  for (const version of ['0.20.1', '0.23.2', '0.27.1']) expect(scriptFor(version)).not.toContain('$u64');
});
