import { describe, expect, it } from 'vitest';
import type { LabEvent } from '../../src/lab/event.ts';
import { createLabText, listLines } from '../../src/lab/text.ts';

const stage = {
  near: 'finwait-lab-7-near',
  far: 'finwait-lab-7-far',
  netns: 4026532177,
  far_netns: 4026532246,
  near_addr: 'fd00::1',
  far_addr: 'fd00::2',
  sysctls: { tcp_orphan_retries: 1 },
};
const socket = {
  type: 'lab_socket',
  scenario: 'retries',
  run: 0,
  role: 'dying',
  family: 'ipv6',
  netns: stage.netns,
  laddr: 'fd00::1',
  lport: 10_001,
  raddr: 'fd00::2',
  rport: 10_000,
  pid: 42,
  at: 1000,
} as const;

const tell = (...events: readonly LabEvent[]): string => events.flatMap(createLabText()).join('\n');

describe('a run of the lab, told to a person', () => {
  it('begins with where it is, and with the words of the commands by hand', () => {
    const text = tell({ type: 'lab_start', family: 'ipv6', pid: 7, stages: [stage], scenarios: { retries: 0 } });
    expect(text).toContain('finwait trace --netns 4026532177');
    expect(text).toContain('near() { ip netns exec finwait-lab-7-near "$@"; }');
  });

  it('says once what a scenario does, how to do it by hand, and what to look for', () => {
    const play = { type: 'lab_play', scenario: 'retries', run: 0, netns: stage.netns } as const;
    const text = tell(play, { ...play, run: 1 });
    for (const part of ['retries: ', 'by hand:', 'in ss: ', 'in finwait: ']) expect(text.split(part)).toHaveLength(2);
  });

  it('says which socket dies, and after how long it is gone', () => {
    const text = tell(socket, {
      type: 'lab_gone',
      scenario: 'retries',
      run: 0,
      lport: 10_001,
      rport: 10_000,
      at: 1001.5,
    });
    expect(text).toContain('[fd00::1]:10001 > [fd00::2]:10000 closes, of process 42');
    expect(text).toContain('gone after 1.50 s');
  });

  it('a control is no death', () => {
    expect(tell({ ...socket, role: 'control' })).toMatch(/is held by process 42: no row yet/);
  });

  it('ends with what was played, skipped and failed', () => {
    const text = tell(
      { type: 'lab_played', scenario: 'retries', run: 0 },
      { type: 'lab_skipped', scenario: 'rto_max', run: 1, reason: 'this kernel has no net.ipv4.tcp_rto_max_ms' },
      { type: 'lab_failed', scenario: 'dup', run: 2, error: 'boom' },
      { type: 'lab_end', stopped: true, seconds: 3 },
    );
    expect(text).toContain('rto_max: skipped: this kernel has no net.ipv4.tcp_rto_max_ms');
    expect(text).toContain('dup: FAILED: boom');
    expect(text).toContain('1 played, 1 skipped, 1 failed, then stopped');
  });
});

it('the list has a line for each scenario and says which touch the host', () => {
  expect(listLines().filter((line) => line.includes('(--host)'))).toHaveLength(4);
  expect(listLines().join('\n')).toMatch(/^fin_timeout_120 +61 s {2}/m);
});
