import { describe, expect, test } from 'vitest';
import { FILTERS, NO_FILTER, type PathFilter, type Subject } from '../../src/filter/table.ts';
import { createTurnedAway } from '../../src/stream/turned-away.ts';
import { aMeta } from '../builders/meta.ts';

const a = (change: Partial<Subject> = {}): Subject => ({
  closer: { pid: 569, comm: 'payments' },
  family: 'ipv4',
  lport: 443,
  rport: 50_000,
  netns: 5,
  wasIn: (state) => state === 'FIN_WAIT1',
  ...change,
});

/** The words after these sockets, each dying for a second. */
const wordsAfter = (filter: Partial<PathFilter>, subjects: readonly Subject[], meta = aMeta(), tallied = 0) => {
  const turnedAway = createTurnedAway({ ...NO_FILTER, ...filter });
  for (const subject of subjects) turnedAway.see(1e6, () => subject);
  return turnedAway.words(meta, tallied);
};

describe('where no socket passes the filter', () => {
  test('those that there were are named, the most frequent first and a few', () => {
    const names = ['nginx', 'api', 'api', 'a', 'b', 'c', 'd', 'e', 'api', 'nginx'];
    const subjects = names.map((comm, pid) => a({ closer: { pid, comm } }));
    expect(wordsAfter({ comm: 'orders' }, subjects)).toBe(
      'no socket passed --comm orders; there were --comm api, nginx, a, b, c',
    );
    expect(wordsAfter({ pid: 999_999 }, [a(), a({ closer: null })])).toBe(
      'no socket passed -p 999999; there were -p 569 (payments)',
    );
  });

  test('a filter that some passed has no others to name', () => {
    const subjects = [a(), a({ lport: 80, closer: { pid: 1, comm: 'nginx' } })];
    expect(wordsAfter({ comm: 'nginx', localPorts: [[443, 443]] }, subjects)).toBe(
      'no socket passed -L 443 --comm nginx',
    );
    expect(wordsAfter({ comm: 'nginx', localPorts: [[8443, 8443]] }, subjects)).toBe(
      'no socket passed -L 8443 --comm nginx; there were -L 443, 80',
    );
  });

  test('and none came at all, it says whether the probes left them out', () => {
    const deferred = aMeta({ min_age_ms: 10, filters: { comm: 'orders', state: 'CLOSING' } });
    expect(wordsAfter({ comm: 'orders' }, [], deferred, 1057)).toBe(
      'no socket passed --comm orders; the probes leave out all others (comm orders), so what there was is not known; 1057 that died within 10 ms were only counted, whosever they were',
    );
    expect(wordsAfter({ comm: 'orders' }, [])).toBe('no socket passed --comm orders; no other was seen either');
    // Probes that announce each close apply no filter.
    expect(wordsAfter({ comm: 'orders' }, [], aMeta({ filters: { comm: 'orders' } }))).toContain('no other was seen');
  });

  test('a process that is missing is told of', () => {
    const turnedAway = createTurnedAway({ ...NO_FILTER, pid: 9 }, 'no process had the pid 9 at the start');
    expect(turnedAway.words(aMeta(), 0)).toMatch(/; no process had the pid 9 at the start$/);
  });
});

test('nothing is said once a socket has passed, and where nothing is filtered', () => {
  expect(wordsAfter({ comm: 'payments' }, [a({ closer: null }), a()])).toBeNull();
  expect(wordsAfter({ minAgeUs: 1e6 }, [a()])).toBeNull();
  expect(createTurnedAway(NO_FILTER).words(aMeta(), 5)).toBeNull();
});

test('each filter names what a socket has of it as its option takes it', () => {
  const seen = Object.values(FILTERS).map((row) => row.seen(a()));
  expect(seen).toEqual([['569 (payments)'], ['443'], ['50000'], [], ['5'], ['payments'], ['FIN_WAIT1'], []]);
  expect(Object.values(FILTERS).map((row) => row.seen(a({ closer: null, rport: null })).length)).toEqual([
    0, 1, 0, 0, 1, 0, 1, 0,
  ]);
});
