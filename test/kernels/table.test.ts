import { describe, expect, it } from 'vitest';
import { overheadLines } from '../../scripts/kernels/overhead.ts';
import {
  halfPlayedLines,
  noteLines,
  type Result,
  tableLines,
  unlikeLines,
  wrongLines,
} from '../../scripts/kernels/table.ts';
import { faultsOf, isRight, type ScenarioVerdict, type Verdict, whyAgain } from '../../scripts/kernels/verdict.ts';

const named = { how: 'close', closed_in: 'ESTABLISHED', ended_by: 'acked', waiting_for: 'ack', side: 'none' } as const;
const right: ScenarioVerdict = { state: 'right', why: [], named, isSpoiled: false };
const ledger = {
  type: 'ledger',
  entries: 1,
  exits: 1,
  orphans: 0,
  kernel_orphans: 0,
  unlocated: 0,
  drift: 0,
  in_flight: 0,
  inferred: 0,
  unannounced: 0,
  lost_events: 0,
  late_events: 0,
  malformed: 0,
} as const;
const deferred = {
  ...{
    scenarios: { active_close: right },
    isCounted: true,
    ledger,
    rows: 30,
    wanted: 100,
    counted: 100,
    uncounted: 0,
    kinds: '',
  },
};
const verdict = (change: Partial<Verdict> = {}): Verdict => ({
  kernel: '6.12.107+deb13-cloud-amd64',
  bpftrace: '0.23.2',
  backend: 'fentry',
  parts: [],
  scenarios: { active_close: right },
  ipv6: null,
  lossy: { expected: 80, paths: 80, lost: 0, retransmits: 3 },
  unlogged: [],
  deadlines: { '1': [], '255': [] },
  living: { looks: 40, windows: 20, wrong: [] },
  kills: [],
  deferred,
  sockets: { compared: 20, timers: 2, wrong: [] },
  misses: null,
  privileges: {},
  ledger,
  again: [],
  disturbed: [],
  error: null,
  seconds: 60,
  ...change,
});
const cell = (backend: string, given: Verdict | null = verdict()): Result => ({
  kernel: '6.12',
  backend,
  verdict: given,
  again: [],
  isReached: true,
});

const missed = { expected: 80, paths: 70, uncertain: 9, lost: 12, isCounted: true, drift: 0, notices: ['skipped'] };
const wrong = { retries: { ...right, state: 'wrong', why: ['side is "peer", not "local"'] } } as const;

it.each([
  ['all is counted', true, 79, 1],
  ['not all is counted', false, 77, 0],
  ['not all is counted', false, 76, 1],
])('of the ends on a lossy wire, where %s (%s), %d of 80 are %d faults', (_what, isCounted, paths, faults) => {
  const given = verdict({
    deferred: { ...deferred, isCounted },
    lossy: { expected: 80, paths, lost: 0, retransmits: 3 },
  });
  expect(faultsOf(given)).toHaveLength(faults);
});

describe('a cell', () => {
  it('is right with skipped scenarios, and with a loss that touched none', () => {
    const scenarios = { a: right, b: { ...right, state: 'skipped' } } as const;
    expect(faultsOf(verdict({ scenarios, ledger: { ...ledger, lost_events: 2 } }))).toEqual([]);
  });

  it('is right with ends of the lossy wire that were counted as lost', () => {
    const lossy = { expected: 80, paths: 78, lost: 2, retransmits: 3 };
    expect(isRight(verdict({ lossy }))).toBe(true);
    expect(isRight(verdict({ lossy: { ...lossy, lost: 1 } }))).toBe(false);
  });

  it.each([
    ['a scenario is', { scenarios: wrong }],
    ['a scenario is over IPv6', { ipv6: wrong }],
    ['IPv6 was to be played and was not', { parts: ['ipv6'] }],
    ['none was played', { scenarios: {} }],
    ['there are more rows than ends', { lossy: { expected: 80, paths: 81, lost: 0, retransmits: 3 } }],
    ['the lossy wire was not played', { lossy: null }],
    ['the log lacks a limit', { unlogged: ['too many orphaned sockets'] }],
    ['a deadline was missed', { deadlines: { '3': ['reaped before'] } }],
    ['no deadline was compared', { deadlines: null }],
    ['a shut window is told of as something else', { living: { looks: 40, windows: 20, wrong: ['side is peer'] } }],
    ['no socket that lives on was judged', { living: null }],
    ['kills at the limit are not all counted', { kills: ['58 are counted, not 60'] }],
    ['no kill was judged', { kills: null }],
    ['it drifts', { ledger: { ...ledger, drift: 1 } }],
    ['the drift is unknown', { ledger: { ...ledger, drift: null } }],
    ['a line was malformed', { ledger: { ...ledger, malformed: 1 } }],
    ['there is no ledger', { ledger: null }],
    ['it stopped half-way', { error: 'x' }],
    ['ss was not compared', { sockets: null }],
    ['ss was compared without a timer', { sockets: { compared: 20, timers: 0, wrong: [] } }],
    ['ss says something else', { sockets: { compared: 20, timers: 2, wrong: ['ss has 3 ms for 2 ms'] } }],
    ['no announcement was deferred', { deferred: null }],
    ['a scenario is, its announcement deferred', { deferred: { ...deferred, scenarios: wrong } }],
    ['fewer were counted than died', { deferred: { ...deferred, counted: 99 } }],
    ['more were counted than died', { deferred: { ...deferred, counted: 101 } }],
    ['one was counted as another', { deferred: { ...deferred, uncounted: 1 } }],
    ['the deferred ledger drifts', { deferred: { ...deferred, ledger: { ...ledger, drift: 1 } } }],
    ['no probe was made to be skipped', { parts: ['misses'] }],
    ['skipped probes were not counted', { parts: ['misses'], misses: { ...missed, lost: 0, paths: 80 } }],
    ['more is missing than was counted', { parts: ['misses'], misses: { ...missed, paths: 60 } }],
    ['nothing was said of skipped probes', { parts: ['misses'], misses: { ...missed, notices: [] } }],
    ['doctor does not say what is missing', { privileges: { 'no BTF': { skipped: null, wrong: ['x'] } } }],
    ['nothing was tried without privileges', { parts: ['privileges'] }],
  ] as const)('is wrong when %s', (_, change) => {
    expect(faultsOf(verdict(change))).toHaveLength(1);
  });

  it('is right with deaths that were not counted, as many as were lost', () => {
    const some = { ...deferred, counted: 98, uncounted: 2 };
    expect(isRight(verdict({ deferred: { ...some, ledger: { ...ledger, lost_events: 2 } } }))).toBe(true);
    expect(isRight(verdict({ deferred: some, ledger: { ...ledger, lost_events: 2 } }))).toBe(true);
    expect(isRight(verdict({ deferred: { ...some, ledger: { ...ledger, lost_events: 1 } } }))).toBe(false);
  });

  it.each([
    ['kprobe', true, 3],
    ['tracepoint', true, 3],
    ['kprobe', false, 5],
  ] as const)(
    'is right in %s (skipped probes counted: %s) with %i deaths in 100 that were not',
    (backend, isCounted, few) => {
      const short = (by: number) =>
        verdict({ backend, deferred: { ...deferred, isCounted, counted: 100 - by, uncounted: by } });
      expect(isRight(short(few))).toBe(true);
      expect(isRight(short(few + 1))).toBe(false);
    },
  );

  it('is right with skipped probes that were counted, or that this kernel does not count', () => {
    expect(isRight(verdict({ parts: ['misses'], misses: missed }))).toBe(true);
    const uncounted = { ...missed, isCounted: false, lost: 0, notices: [] };
    expect(isRight(verdict({ parts: ['misses'], misses: uncounted }))).toBe(true);
  });

  it('says nothing when what is wrong may have been lost, or it stopped half-way', () => {
    expect(whyAgain(verdict({ scenarios: wrong }))).toBe(null);
    expect(whyAgain(verdict({ scenarios: wrong, disturbed: ['retries: 3 events lost'] }))).toMatch(
      /disturbed: retries/,
    );
    expect(whyAgain(verdict({ error: 'no drift 0' }))).toMatch(/stopped half-way \(0 events lost\): no drift 0/);
  });
});

describe('the table', () => {
  it('has a line for each cell, one without a verdict and one that was not reached too', () => {
    const lines = tableLines([cell('fentry'), cell('kprobe', null), { ...cell('tracepoint', null), isReached: false }]);
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(
      /^6\.12\.107\S+ +0\.23\.2 +fentry +right +1 right +1 right; 30 rows, 100 counted +80\/80 ends +2 right +20 windows, 40 looks +20 alike +drift 0, 0 lost +60 s$/,
    );
    expect(lines[2]).toMatch(/^6\.12 +kprobe +NO VERDICT$/);
    expect(lines[3]).toMatch(/^6\.12 +tracepoint +NOT REACHED$/);
  });

  it('says what is wrong, and where', () => {
    expect(wrongLines(cell('kprobe', verdict({ scenarios: wrong, error: 'killed' })))).toEqual([
      '6.12 kprobe: stopped: killed',
      '6.12 kprobe: retries: side is "peer", not "local"',
    ]);
    expect(wrongLines({ ...cell('kprobe', null), isReached: false })).toEqual([
      '6.12 kprobe: not reached: no time was left',
    ]);
  });

  it('says once what a kernel cannot play, and each time what was made again', () => {
    const scenarios = { a: right, rto_max: { ...right, state: 'skipped', why: ['no sysctl'] } } as const;
    const results = [
      cell('fentry', verdict({ scenarios })),
      cell('kprobe', verdict({ scenarios, again: ['a: lost'] })),
    ];
    expect(noteLines([...results, { ...cell('tracepoint'), again: ['no verdict'] }])).toEqual([
      '6.12: not played: rto_max: no sysctl',
      '6.12 kprobe: played again: a: lost',
      '6.12 tracepoint: made again: no verdict',
    ]);
  });

  it('says what one cell played and another of its kernel could not', () => {
    const scenarios = { active_close: { ...right, state: 'skipped' } } as const;
    expect(halfPlayedLines([cell('fentry', verdict({ scenarios })), cell('kprobe', verdict({ scenarios }))])).toEqual(
      [],
    );
    expect(halfPlayedLines([cell('fentry', verdict({ scenarios })), cell('kprobe')])).toEqual([
      '6.12: active_close: played in one cell, and not in another',
    ]);
  });

  it('says what two backends of one kernel, or its two families, name differently', () => {
    const other = { active_close: { ...right, named: { ...named, side: 'peer' } } } as const;
    expect(unlikeLines([cell('fentry'), cell('kprobe')])).toEqual([]);
    expect(
      unlikeLines([
        cell('fentry'),
        { ...cell('kprobe', verdict({ scenarios: other, deferred: null })), kernel: '7.2' },
      ]),
    ).toEqual([]);
    expect(
      unlikeLines([
        cell('fentry', verdict({ deferred: null })),
        cell('kprobe', verdict({ scenarios: other, deferred: null })),
      ]),
    ).toEqual([
      '6.12: active_close: fentry says close ESTABLISHED acked none; kprobe says close ESTABLISHED acked peer',
    ]);
    // Chance decides which of the two ends it is.
    const ends = (ended_by: 'fin_timeout' | 'fin_wait2_timewait') =>
      verdict({ deferred: null, scenarios: { control_shared: { ...right, named: { ...named, ended_by } } } });
    expect(unlikeLines([cell('fentry', ends('fin_timeout')), cell('kprobe', ends('fin_wait2_timewait'))])).toEqual([]);
    expect(unlikeLines([cell('fentry', verdict({ deferred: { ...deferred, scenarios: other } }))])).toEqual([
      '6.12: active_close: fentry says close ESTABLISHED acked none; fentry, deferred, says close ESTABLISHED acked peer',
    ]);
    expect(unlikeLines([cell('fentry', verdict({ ipv6: other, deferred: null }))])).toEqual([
      '6.12: active_close: fentry says close ESTABLISHED acked none; fentry over IPv6 says close ESTABLISHED acked peer',
    ]);
  });
});

it('overhead is what a backend leaves of the rate beside it, medians', () => {
  const untraced = [
    [90, 100, 110],
    [100, 100, 200],
    [50, 50, 50],
  ];
  const traced = { fentry: { rates: [80, 90, 10], lost: 0 }, kprobe: { rates: [30, 40, 50], lost: 7 } };
  expect(overheadLines([{ kernel: '6.12', untraced, traced }])).toEqual([
    'kernel  conn/s untraced  fentry  kprobe',
    '6.12    100              0.80    0.40, 7 lost',
  ]);
});
