import { describe, expect, it } from 'vitest';
import type { WaitingFor } from '../../src/explain/close-path.ts';
import { aClosePath } from '../screen/builders.ts';
import { differences } from './endings.ts';

const LOCAL = 'ESTABLISHED>FIN_WAIT1>FIN_WAIT2>CLOSE';

/** A row that was in FIN_WAIT1 and then in FIN_WAIT2 for so many microseconds, after a close at 0. */
const row = (finWait1: number, finWait2: number, waitingFor: WaitingFor) =>
  aClosePath({
    path: [
      { at_us: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', by: 'process' },
      { at_us: finWait1, from: 'FIN_WAIT1', to: 'FIN_WAIT2', by: 'softirq' },
      { at_us: finWait1 + finWait2, from: 'FIN_WAIT2', to: 'CLOSE', by: 'softirq' },
    ],
    waiting_for: waitingFor,
    gaps: [],
  });
const of = (waitingFor: WaitingFor, seen: ReturnType<typeof row>) =>
  differences({ route: LOCAL, waiting_for: waitingFor }, seen);

describe('what a socket waited for longest', () => {
  it('is what the table has', () => {
    expect(of('ack', row(50, 3, 'ack'))).toEqual([]);
    expect(of('peer_fin', row(50, 2_000_000, 'peer_fin'))).toEqual([]);
    expect(of('window', row(50, 3, 'ack'))).toEqual(['waiting_for is "ack", not "window"']);
  });

  it('may be the other state, where the times of the row show it', () => {
    expect(of('ack', row(50, 20_000, 'peer_fin'))).toEqual([]);
    expect(of('peer_fin', row(20_000, 50, 'ack'))).toEqual([]);
  });

  it('may not be the other state where they do not', () => {
    expect(of('ack', row(50, 3, 'peer_fin'))).toEqual(['waiting_for is "peer_fin", not "ack"']);
    expect(of('peer_fin', row(50, 2_000_000, 'ack'))).toEqual(['waiting_for is "ack", not "peer_fin"']);
    expect(of('ack', row(50, 20_000, 'last_ack'))).toEqual(['waiting_for is "last_ack", not "ack"']);
  });
});
