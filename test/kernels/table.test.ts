import { describe, expect, it } from 'vitest';
import { overheadText } from '../../scripts/kernels/overhead.ts';
import { type Result, tableLines, unlikeLines, wrongLines } from '../../scripts/kernels/table.ts';
import { isRight, type ScenarioVerdict, type Verdict } from '../../scripts/kernels/verdict.ts';

const named = { how: 'close', closed_in: 'ESTABLISHED', ended_by: 'acked', waiting_for: 'ack', side: 'none' } as const;
const right: ScenarioVerdict = { state: 'right', why: [], named };
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
const verdict = (change: Partial<Verdict> = {}): Verdict => ({
  kernel: '6.12.107+deb13-cloud-amd64',
  bpftrace: '0.23.2',
  backend: 'fentry',
  scenarios: { active_close: right },
  lossy: { skipped: null, expected: 80, paths: 80, retransmits: 3 },
  ledger,
  disturbed: [],
  error: null,
  seconds: 60,
  ...change,
});
const cell = (backend: string, given: Verdict | null = verdict()): Result => ({
  kernel: '6.12',
  backend,
  verdict: given,
});

describe('a cell', () => {
  it('is right with skipped scenarios, and with a loss that touched none', () => {
    const scenarios = { a: right, b: { ...right, state: 'skipped' } } as const;
    expect(isRight(verdict({ scenarios, ledger: { ...ledger, lost_events: 2 } }))).toBe(true);
  });

  it.each([
    ['a scenario is', { scenarios: { a: { ...right, state: 'wrong' } } }],
    ['none was played', { scenarios: {} }],
    ['an end of a lossy connection has no row', { lossy: { skipped: null, expected: 80, paths: 79, retransmits: 3 } }],
    ['the lossy wire was not played', { lossy: null }],
    ['it drifts', { ledger: { ...ledger, drift: 1 } }],
    ['the drift is unknown', { ledger: { ...ledger, drift: null } }],
    ['a line was malformed', { ledger: { ...ledger, malformed: 1 } }],
    ['there is no ledger', { ledger: null }],
    ['it stopped half-way', { error: 'x' }],
  ] as const)('is wrong when %s', (_, change) => {
    expect(isRight(verdict(change))).toBe(false);
  });
});

describe('the table', () => {
  it('has a line for each cell, one without a verdict too', () => {
    const lines = tableLines([cell('fentry'), cell('kprobe', null)]);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(
      /^6\.12\.107\S+ +0\.23\.2 +fentry +right +1 right, 0 wrong.*80 of 80 ends, 3 sent again.*drift 0, 0 lost/,
    );
    expect(lines[2]).toMatch(/^6\.12 +kprobe +no verdict$/);
  });

  it('says what is wrong, and where', () => {
    const scenarios = { retries: { state: 'wrong', why: ['side is "peer", not "local"'], named } } as const;
    expect(wrongLines(cell('kprobe', verdict({ scenarios, error: 'killed' })))).toEqual([
      '6.12 kprobe: killed',
      '6.12 kprobe: retries: side is "peer", not "local"',
    ]);
  });

  it('says what two backends of one kernel name differently', () => {
    const other = { active_close: { ...right, named: { ...named, side: 'peer' } } } as const;
    expect(unlikeLines([cell('fentry'), cell('kprobe')])).toEqual([]);
    expect(unlikeLines([cell('fentry'), { ...cell('kprobe', verdict({ scenarios: other })), kernel: '7.2' }])).toEqual(
      [],
    );
    expect(unlikeLines([cell('fentry'), cell('kprobe', verdict({ scenarios: other }))])).toEqual([
      '6.12: active_close: fentry says close ESTABLISHED acked none; kprobe says close ESTABLISHED acked peer',
    ]);
  });
});

it('overhead is the median of what each round kept of its own untraced rate', () => {
  const rounds = [
    { untraced: 100, fentry: 90 },
    { untraced: 200, fentry: 100 },
    { untraced: 100, fentry: 80 },
  ];
  expect(overheadText({ kernel: '6.12', rounds })).toBe('6.12, 100 conn/s untraced, kept: fentry 0.80');
});
