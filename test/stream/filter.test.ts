import { describe, expect, test } from 'vitest';
import type { ClosePath, Dying } from '../../src/explain/close-path.ts';
import { accepts } from '../../src/filter/filter.ts';
import { NO_FILTER, type PathFilter } from '../../src/filter/table.ts';
import { firstDying } from '../../src/screen/table/select.ts';
import { subjectOfPath } from '../../src/stream/filter.ts';
import { openStream } from '../../src/stream/open-stream.ts';
import { VIA } from '../../src/wire/event.ts';
import { SOCK } from '../../src/wire/evidence.ts';
import { aMeta } from '../builders/meta.ts';
import {
  announceLine,
  helloLine,
  inventoriedLine,
  inventoryEndLine,
  ms,
  sec,
  tickLine,
} from '../builders/wire-lines.ts';
import { aClosePath } from '../screen/builders.ts';

/** True if the path passes, as in `trace` and `explain`. */
const passes = (path: ClosePath | Dying, filter: PathFilter): boolean =>
  accepts(filter, path.dying_us, () => subjectOfPath(path));

const path = aClosePath({
  closer: { pid: 7, comm: 'nginx', exiting: false, exit_signal: null, exit_status: null },
  lport: 443,
  rport: 50_000,
  family: 'ipv6',
  netns: 5,
  closed_in: 'ESTABLISHED',
  path: [{ at_us: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', by: 'process' }],
  dying_us: 2000,
});

describe('a filter', () => {
  test('of nothing passes everything', () => {
    expect(passes(path, NO_FILTER)).toBe(true);
  });

  test.each<[string, Partial<PathFilter>, Partial<PathFilter>]>([
    ['pid', { pid: 7 }, { pid: 8 }],
    ['comm', { comm: 'nginx' }, { comm: 'ngin' }],
    [
      'local port',
      {
        localPorts: [
          [80, 80],
          [443, 443],
        ],
      },
      { localPorts: [[80, 442]] },
    ],
    ['remote port', { remotePorts: [[49_999, 50_001]] }, { remotePorts: [[443, 443]] }],
    ['family', { family: 'ipv6' }, { family: 'ipv4' }],
    ['namespace', { netns: 5 }, { netns: 6 }],
    ['state it was closed in', { state: 'ESTABLISHED' }, { state: 'LAST_ACK' }],
    ['state it went to', { state: 'FIN_WAIT1' }, { state: 'CLOSING' }],
    ['age', { minAgeUs: 2000 }, { minAgeUs: 2001 }],
  ])('of %s passes what has it and no other', (_name, yes, no) => {
    expect(passes(path, { ...NO_FILTER, ...yes })).toBe(true);
    expect(passes(path, { ...NO_FILTER, ...no })).toBe(false);
  });

  test('of several wants all of them', () => {
    expect(passes(path, { ...NO_FILTER, pid: 7, comm: 'nginx' })).toBe(true);
    expect(passes(path, { ...NO_FILTER, pid: 7, comm: 'other' })).toBe(false);
  });

  test('by the closer does not pass what nobody closed', () => {
    expect(passes(aClosePath({ closer: null }), { ...NO_FILTER, pid: 7 })).toBe(false);
    expect(passes(aClosePath({ closer: null }), { ...NO_FILTER, comm: '' })).toBe(false);
  });

  test('by state passes a baseline orphan in the state it was seen in, as the screen does', () => {
    const fold = openStream(aMeta(), { onEnd: () => {}, onLedger: () => {}, onNotice: () => {} });
    const dead = { flags: SOCK.DEAD, own: false };
    for (const line of [
      helloLine(),
      inventoriedLine(0, { rport: 1, state: 'FIN_WAIT2' }),
      inventoriedLine(0, { rport: 2, state: 'LAST_ACK' }),
      inventoryEndLine(1),
      announceLine({ at: ms(1), rport: 3, via: VIA.foundDead, state: 'FIN_WAIT2', ...dead }),
      tickLine(sec(1)),
    ]) {
      fold.push(line);
    }
    fold.end();
    const vantage = { host: fold.host, now: fold.tracker.now(), netns: null, evidenceAt: fold.tracker.evidenceAt };
    for (const [state, ports] of [
      ['FIN_WAIT2', [1, 3]],
      ['LAST_ACK', [2]],
      ['CLOSING', []],
    ] as const) {
      const filter = { ...NO_FILTER, state };
      const passing = [...fold.describeDying()].filter((path) => passes(path, filter));
      expect(passing.map(({ rport }) => rport).toSorted()).toEqual(ports);
      const shown = firstDying(fold.tracker, vantage, filter, 10);
      expect(shown).toHaveLength(ports.length);
    }
  });

  test('by age passes a path whose close was not observed', () => {
    expect(passes(aClosePath({ dying_us: null }), { ...NO_FILTER, minAgeUs: 1e9 })).toBe(true);
  });
});
