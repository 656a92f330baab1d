import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adviceFor } from '../../src/explain/advice.ts';
import { aDying, anyRow, aPath, ENDS } from '../builders/rows.ts';

describe('advice', () => {
  test.each(['acked', 'time_wait', 'fin_wait2_timewait'] as const)(
    'has no word on %s in under a second',
    (ended_by) => {
      expect(adviceFor(aPath({ ended_by, dying_us: 999_999 }))).toEqual([]);
      expect(adviceFor(aPath({ ended_by, dying_us: 1_000_000 }))).not.toEqual([]);
    },
  );

  test.each(['listener_closed', 'never_connected', 'unknown'] as const)('has none on %s', (ended_by) => {
    expect(adviceFor(aPath({ ended_by, dying_us: 5e6 }))).toEqual([]);
  });

  test('tells the figures of the socket: peer, bytes, retransmits', () => {
    const text = adviceFor(aDying({ waiting_for: 'ack', unacked_bytes: 1448, retransmits: 7 })).join('\n');
    expect(text).toContain('192.0.2.7:51234');
    expect(text).toContain('1448 B');
    expect(text).toContain('7 retransmits');
    expect(text).toContain('ss -tK dst 192.0.2.7 dport = :51234 sport = :443');
  });

  test('writes IPv6 as ss takes it from a shell, and as ip takes it', () => {
    const six = { family: 'ipv6', laddr: '2001:db8::1', raddr: '2001:db8::2' } as const;
    const text = adviceFor(aDying({ ...six, waiting_for: 'ack', unacked_bytes: 1 })).join('\n');
    expect(text).toContain("ss -tK dst '[2001:db8::2]' dport = :51234");
    expect(text).toContain("ss -tino dst '[2001:db8::2]', ip route get 2001:db8::2");
  });

  test('hints at the path MTU where what waits may fill segments, and the window is not shut', () => {
    const hint = (unacked_bytes: number, waiting_for: 'ack' | 'window'): boolean =>
      /path MTU: tracepath -n 192\.0\.2\.7/.test(adviceFor(aDying({ waiting_for, unacked_bytes })).join('\n'));
    expect([hint(1400, 'ack'), hint(1000, 'ack'), hint(1400, 'window')]).toEqual([true, false, false]);
  });

  test('gives no command that ends an equal tuple of the own namespace, and names the other', () => {
    const row = aDying({ waiting_for: 'ack', netns: 7 });
    for (const own of [null, 8]) {
      const text = adviceFor(row, own).join('\n');
      expect(text).toContain('(in netns 7): nsenter --net=/proc/PID/ns/net ss -tK dst 192.0.2.7');
      expect(text).toContain('If none is left, nobody can enter the namespace');
      expect(text).toContain('ip route get 192.0.2.7 (in netns 7)');
      expect(text).toContain('net.ipv4.tcp_orphan_retries (in netns 7) bounds it');
    }
    const text = adviceFor(row, 7).join('\n');
    expect(text).toContain('To end it now: ss -tK dst 192.0.2.7');
    expect(text).toContain('Not on Linux 5.15');
    expect(text).not.toContain('netns');
  });

  test('offers tcp_fin_timeout to sockets to come, and says what it does to those that wait', () => {
    const text = adviceFor(aDying({ waiting_for: 'peer_fin' })).join('\n');
    expect(text).toMatch(/enter FIN_WAIT2 from now on, .*Those waiting keep their timer, and are then reset/);
    const after = adviceFor(aPath({ ended_by: 'fin_timeout', dying_us: 2e6 })).join('\n');
    expect(after).toContain('it is what makes their timer reset them');
  });

  test.each(['acked', 'time_wait', 'fin_wait2_timewait'] as const)(
    'blames no path for %s that came late because the window was shut',
    (ended_by) => {
      const late = { ended_by, dying_us: 2e6 };
      const text = adviceFor(aPath({ ...late, waiting_for: 'window' })).join('\n');
      expect(text).toContain('took long to read');
      expect(text).not.toContain('drops packets');
      expect(adviceFor(aPath({ ...late, waiting_for: 'ack' })).join('\n')).not.toContain('took long to read');
    },
  );

  test('names no tcp_orphan_retries as help against a peer that answers window probes', () => {
    for (const row of [
      aDying({ waiting_for: 'window', side: 'peer' }),
      aPath({ ended_by: 'window_probes', waiting_for: 'window', side: 'peer', dying_us: 3e8 }),
      aPath({ ended_by: 'window_probes', waiting_for: 'window', side: 'network', probes: 0, dying_us: 3e8 }),
    ]) {
      const text = adviceFor(row).join('\n');
      expect(text).toContain('Lowering net.ipv4.tcp_orphan_retries would not help while the peer answers');
      expect(text).toContain(
        'TCP_USER_TIMEOUT, set by the application just before close(), or a lower net.ipv4.tcp_rto_max',
      );
      expect(text).not.toContain('bounds it for the namespace');
      expect(text).not.toContain('tcp_retries2');
    }
    const silent = adviceFor(aDying({ waiting_for: 'window', side: 'unknown' })).join('\n');
    expect(silent).toContain('net.ipv4.tcp_orphan_retries (in netns 4026531840) bounds it for the namespace');
    expect(silent).toContain('net.ipv4.tcp_retries2 would not help');
  });

  test('of an end by one unanswered probe it says first that tcp_orphan_retries 1 cuts slow readers off', () => {
    const row = aPath({ ended_by: 'window_probes', waiting_for: 'window', side: 'unknown', probes: 1, dying_us: 2e6 });
    const first = (orphanRetries: number | null): string | undefined =>
      adviceFor(row, row.netns, { userTimeoutMs: 0, orphanRetries, deadline: 'unknown' })[0];
    expect(first(1)).toMatch(/^net.ipv4.tcp_orphan_retries is 1, so one unanswered probe ended it.*The price:/);
    for (const others of [0, 3, null]) expect(first(others)).not.toMatch(/tcp_orphan_retries/);
  });

  test('names tcp_retries2 as help where its deadline is never', () => {
    const row = aDying({ waiting_for: 'window', side: 'peer' });
    const text = adviceFor(row, row.netns, { userTimeoutMs: 0, orphanRetries: 0, deadline: 'never' }).join('\n');
    expect(text).toContain('net.ipv4.tcp_retries2 stops their interval short of its maximum. At 10 or more');
    expect(text).not.toContain('net.ipv4.tcp_retries2 would not help');
    expect(text).toContain('To end it now: ss -tK');
  });

  test('of a kernel socket without timers it says that no sysctl ends it', () => {
    for (const waiting_for of ['ack', 'last_ack', 'window'] as const) {
      const row = aDying({ waiting_for, how: 'kernel', side: 'unknown' });
      const text = adviceFor(row, row.netns, { userTimeoutMs: 0, orphanRetries: 0, deadline: 'never' }).join('\n');
      expect(text).toContain('no sysctl ends it');
      expect(text).not.toMatch(/tcp_orphan_retries|tcp_retries2/);
    }
  });

  test('a TCP_USER_TIMEOUT that is set is named with its time, and what it takes the place of', () => {
    const said = (row: Parameters<typeof adviceFor>[0]): string =>
      adviceFor(row, row.netns, { userTimeoutMs: 5000, orphanRetries: 0, deadline: 'at' }).join('\n');
    const retransmitting = said(aDying({ waiting_for: 'ack' }));
    expect(retransmitting).toContain('TCP_USER_TIMEOUT of 5 s bounds it, in place of net.ipv4.tcp_orphan_retries');
    expect(retransmitting).not.toContain('bounds it for the namespace');
    expect(said(aDying({ waiting_for: 'window', side: 'unknown' }))).toContain(
      'TCP_USER_TIMEOUT of 5 s bounds it, and net.ipv4.tcp_orphan_retries beside it',
    );
    expect(said(aDying({ waiting_for: 'window', side: 'peer' }))).toContain(
      'TCP_USER_TIMEOUT of 5 s bounds it, answered or not',
    );
  });

  test.each(['retries', 'window_probes'] as const)(
    'of %s while close() waited for SO_LINGER it names tcp_retries2, and no orphan',
    (ended_by) => {
      const row = aPath({ ended_by, waiting_for: 'linger', orphan_us: 0, dying_us: 12.6e6 });
      const text = adviceFor(row, row.netns).join('\n');
      expect(text).toContain('close() still waited for SO_LINGER, so net.ipv4.tcp_retries2 bounded it');
      expect(text).toContain('net.ipv4.tcp_orphan_retries would not help: the socket never was an orphan.');
      expect(text).not.toContain('net.ipv4.tcp_retries2 would not help');
      const later = adviceFor({ ...row, orphan_us: 3e6 }, row.netns).join('\n');
      expect(later).toContain('net.ipv4.tcp_orphan_retries bounds it');
    },
  );

  test('says what was lost, and offers no kill, when it is over', () => {
    const text = adviceFor(aPath({ ended_by: 'retries', lost_bytes: 300, dying_us: 1e8 })).join('\n');
    expect(text).toContain('300 B were never acknowledged');
    expect(text).not.toContain('ss -tK');
  });

  test('names tcp_fin_timeout as help in FIN_WAIT2 alone', () => {
    const helps = (waiting_for: 'ack' | 'window' | 'last_ack' | 'peer_fin'): string =>
      adviceFor(aDying({ waiting_for }))
        .filter((sentence) => !/would not/.test(sentence))
        .join('\n');
    expect(helps('peer_fin')).toContain('tcp_fin_timeout');
    for (const waits of ['ack', 'window', 'last_ack'] as const) expect(helps(waits)).not.toContain('tcp_fin_timeout');
  });

  test('says of every slow end that calls for it what does not help', () => {
    const silent = new Set(['listener_closed', 'never_connected', 'unknown']);
    for (const ended_by of ENDS.filter((end) => !silent.has(end))) {
      const text = adviceFor(aPath({ ended_by, dying_us: 5e6 })).join(' ');
      expect(text, ended_by).toMatch(/would not|has no part|No sysctl|does not end what/);
    }
  });

  test('of any row is sentences', () => {
    fc.assert(
      fc.property(anyRow, (row) => {
        for (const sentence of adviceFor(row)) expect(sentence).toMatch(/^.*[.]$/);
      }),
    );
  });
});
