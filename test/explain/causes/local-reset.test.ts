import { describe, expect, test } from 'vitest';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import { VIA } from '../../../src/wire/event.ts';
import { closed, destroyed, received, step } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';
import { announceLine, type EvidenceFields, setStateLine, us } from '../../builders/wire-lines.ts';

const RESET = { err: 104, own: true } as const;
/** 1000 bytes came to the peer; the FIN, one more, never left. */
const UNSENT = { writeSeq: 1001, sndNxt: 1000, sndUna: 1000, sndWnd: 64_000 } as const;

const asTracepoint = (change: EvidenceFields): ClosePath =>
  pathOf([
    closed(),
    received(us(9)),
    step(us(10), 'FIN_WAIT1', 'CLOSE', { ...RESET, ...UNSENT, ...change }),
    destroyed(us(12), 104),
  ]);
const asHook = (change: EvidenceFields): ClosePath =>
  pathOf([
    announceLine({ at: 0, via: VIA.hook, state: 'ESTABLISHED' }),
    setStateLine({ at: us(5), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }),
    received(us(9)),
    step(us(10), 'FIN_WAIT1', 'CLOSE', { ...RESET, ...UNSENT, ...change }),
    destroyed(us(12), 104),
  ]);

describe.each([
  ['inferred', asTracepoint],
  ['hooked', asHook],
] as const)('a reset inside close(), %s', (_how, path) => {
  test('before the FIN had left, with nothing in flight: this host made it', () => {
    const told = path({});
    expect(told).toMatchObject({ ended_by: 'local_reset', side: 'local', certain: true });
    expect(told.because.join()).toContain("this host's own firewall");
    expect(told.advice.join()).toContain('nft list ruleset');
  });

  test('with data in flight the peer will have answered that: its reset, not certain', () => {
    const told = path({ sndUna: 400 });
    expect(told).toMatchObject({ ended_by: 'peer_reset', side: 'peer', certain: false });
    expect(told.because.join()).toMatch(/the peer's.*or one of this host's own firewall/);
  });

  test('with a shut window the FIN waits for the peer: its reset, not certain', () => {
    expect(path({ sndWnd: 0 })).toMatchObject({ ended_by: 'peer_reset', side: 'peer', certain: false });
  });

  test('after the FIN had left it is the peer that resets', () => {
    expect(path({ sndNxt: 1001 })).toMatchObject({ ended_by: 'peer_reset', side: 'peer', certain: true });
  });

  test('outside close() the reset may have been told late, or be the peer’s own: not certain', () => {
    const told = path({ own: false });
    expect(told).toMatchObject({ ended_by: 'local_reset', side: 'local', certain: false });
    expect(told.because.join()).toContain('or the peer did while a queue of this host kept the FIN back');
  });

  test('outside close() a shut window, or data in flight, makes it the peer’s', () => {
    for (const change of [{ sndWnd: 0 }, { sndUna: 400 }])
      expect(path({ own: false, ...change })).toMatchObject({ ended_by: 'peer_reset', side: 'peer' });
  });
});
