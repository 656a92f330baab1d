import { describe, expect, test } from 'vitest';
import { VIA } from '../../../src/wire/event.ts';
import { HOLDER, SOCK } from '../../../src/wire/evidence.ts';
import { pathOf } from '../../builders/explain.ts';
import { type AnnounceFields, announceLine, destroyLine, ms, setStateLine } from '../../builders/wire-lines.ts';

const atDestroy = (on: AnnounceFields): readonly string[] => [
  announceLine({ at: 0, via: VIA.destroy, holder: HOLDER.none, own: true, state: 'CLOSE', flags: SOCK.DEAD, ...on }),
  destroyLine({ at: 0 }),
];

describe('a transition from before the announcement that is not known', () => {
  test('in CLOSE with sequence numbers and no transition: a connect whose failure was missed is not "never connected"', () => {
    const path = pathOf(atDestroy({ writeSeq: 77, rport: 0 }));
    expect(path).toMatchObject({ certain: false, gaps: ['transition_missed'] });
  });

  test('in CLOSE without any: never connected, for certain', () => {
    const path = pathOf(atDestroy({ writeSeq: 0, sndUna: 0, rport: 0 }));
    expect(path).toMatchObject({ ended_by: 'never_connected', side: 'none', certain: true, gaps: [] });
  });

  test('in CLOSE, and the connect that failed is known', () => {
    const moves = [{ at: -ms(1), from: 'SYN_SENT', to: 'CLOSE', err: 110 }] as const;
    expect(pathOf(atDestroy({ writeSeq: 77, rport: 0, moves })).gaps).toEqual([]);
  });

  test("closed in CLOSE_WAIT, the peer's FIN not seen", () => {
    const path = pathOf([
      announceLine({ at: 0, state: 'CLOSE_WAIT', moves: [{ at: 0, from: 'CLOSE_WAIT', to: 'LAST_ACK', own: true }] }),
      setStateLine({ at: ms(1), from: 'LAST_ACK', to: 'CLOSE', flags: SOCK.DEAD }),
      destroyLine({ at: ms(1) }),
    ]);
    expect(path).toMatchObject({ ended_by: 'acked', certain: false, gaps: ['transition_missed'] });
  });

  test('a hook on tcp_close that finds another state than the last transition led to', () => {
    const moves = [{ at: -ms(1), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }] as const;
    const path = pathOf([announceLine({ at: 0, via: VIA.hook, state: 'FIN_WAIT2', moves })]);
    expect(path.gaps).toEqual(['transition_missed']);
  });
});
