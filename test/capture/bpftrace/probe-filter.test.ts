import { describe, expect, test } from 'vitest';
import { filterText } from '../../../src/capture/bpftrace/probe-filter.ts';
import { resolveProbe } from '../../../src/capture/bpftrace/probe-text.ts';
import { NO_FILTER, type PathFilter } from '../../../src/filter/table.ts';
import { swap16 } from '../../../src/kernel/address.ts';

const textOf = (change: Partial<PathFilter>) => filterText({ ...NO_FILTER, ...change });

test('nothing asked for is no filter', () => {
  expect(textOf({})).toBeNull();
});

test('ports are compared as the kernel stores them', () => {
  expect(
    textOf({
      localPorts: [
        [443, 443],
        [80, 80],
      ],
    })?.all,
  ).toBe('($inet->inet_sport == 47873 || $inet->inet_sport == 20480)');
  expect(textOf({ remotePorts: [[256, 256]] })?.all).toBe('($sk->__sk_common.skc_dport == 1)');
});

test('a range is two comparisons with the number of the port, whose bytes are put in order', () => {
  const text = textOf({ remotePorts: [[9000, 9100]] })?.all ?? '';
  expect(text).toBe(
    '(((($sk->__sk_common.skc_dport & 255) << 8) | (($sk->__sk_common.skc_dport >> 8) & 255)) >= 9000 && ((($sk->__sk_common.skc_dport & 255) << 8) | (($sk->__sk_common.skc_dport >> 8) & 255)) <= 9100))'.replace(
      /^/,
      '(',
    ),
  );
  // The same arithmetic, here, for a field of 16 bits that may be sign-extended or not.
  for (const port of [0, 80, 8999, 9000, 9050, 9100, 9101, 35_000, 65_535]) {
    for (const loaded of [swap16(port), (swap16(port) << 16) >> 16]) {
      expect(((loaded & 255) << 8) | ((loaded >> 8) & 255)).toBe(port);
    }
  }
});

test('all that is asked for must hold', () => {
  const text = textOf({ pid: 7, family: 'ipv6', netns: 4_026_531_840 });
  expect(text?.all).toBe(
    '($sk->__sk_common.skc_family == 10) && ($sk->__sk_common.skc_net.net->ns.inum == 4026531840) && ($who >> 32) == 7',
  );
});

test('the closer of a baseline orphan is not known', () => {
  expect(textOf({ pid: 7, localPorts: [[1, 1]] })?.baseline).toBe('0');
  expect(textOf({ localPorts: [[1, 1]] })?.baseline).toBe('($inet->inet_sport == 256)');
});

describe('a name', () => {
  test('that is plain stands in the script', () => {
    expect(textOf({ comm: 'kworker/0:1' })?.all).toBe('$comm == "kworker/0:1"');
  });

  test.each(['a"b', 'a\\b', 'a\nb', 'sixteen letters.', '', 'é', '%s'])('like %j never does', (comm) => {
    expect(textOf({ comm })).toBeNull();
    expect(textOf({ comm, pid: 1 })?.all).not.toContain('$comm');
  });
});

test('what a script has for filters is live with one only', () => {
  const script = 'a\n//@if filter\n//if (!(FILTER)) { b; } // BASELINE_FILTER\n//@end\nc';
  const has = () => false;
  expect(resolveProbe(script, has, null)).not.toContain('b;');
  expect(resolveProbe(script, has, { all: 'x == 1', baseline: '0' })).toContain('if (!(x == 1)) { b; } // 0');
});
