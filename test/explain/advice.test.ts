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

  test('gives no command that ends an equal tuple of the own namespace, and names the other', () => {
    const row = aDying({ waiting_for: 'ack', netns: 7 });
    for (const own of [null, 8]) {
      const text = adviceFor(row, own).join('\n');
      expect(text).toContain('(in netns 7): nsenter --net=/proc/PID/ns/net ss -tK dst 192.0.2.7');
      expect(text).toContain('ip route get 192.0.2.7 (in netns 7)');
      expect(text).toContain('net.ipv4.tcp_orphan_retries (in netns 7) bounds it');
    }
    const text = adviceFor(row, 7).join('\n');
    expect(text).toContain('To end it now: ss -tK dst 192.0.2.7');
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
