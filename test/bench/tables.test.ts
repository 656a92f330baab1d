import { describe, expect, test } from 'vitest';
import type { Row, Sample } from '../../bench/capture.ts';
import { captureLines, captureNotes, ratios } from '../../bench/capture-table.ts';
import { pageWith } from '../../bench/page.ts';
import { pipelineLines } from '../../bench/pipeline.ts';
import { tableLines } from '../../bench/table.ts';
import type { Tool } from '../../bench/tool.ts';

describe('a table', () => {
  test('is padded to its widest cells, by letters as they are seen', () => {
    expect(tableLines(['a', 'bb'], [['×–—', '1'], ['x']])).toEqual([
      '| a   | bb  |',
      '|-----|-----|',
      '| ×–— | 1   |',
      '| x   |     |',
    ]);
  });

  test('a bar in a cell does not end it', () => {
    expect(tableLines(['head'], [['a|b']])[2]).toBe('| a\\|b |');
  });
});

const aTool = (role: Tool['role'], name: string, bpftrace: string | null = null): Tool => ({
  name,
  bpftrace,
  role,
  start: () => Promise.reject(new Error('not in this test')),
});

const aSample = (perSecond: number, more: Partial<Sample> = {}): Sample => ({
  load: { seconds: 1, connections: perSecond, slow: 0, failed: 0, per_second: perSecond },
  usage: { cpuSeconds: 2, peakRss: 100 * 1024 * 1024 },
  lost: 0,
  drift: 0,
  othersShare: 0.01,
  ...more,
});

const aRow = (tool: Tool, samples: Row['samples'], failure: string | null = null): Row => ({ tool, samples, failure });

describe('the capture table', () => {
  const none = aRow(aTool('none', 'no tracer'), [
    aSample(50_000, { usage: null, lost: null, drift: null }),
    aSample(100_000, { usage: null, lost: null, drift: null }),
  ]);
  const bareOld = aRow(aTool('bare', 'bare attach', '0.17.0'), [aSample(40_000), aSample(50_000)]);
  const bareNew = aRow(aTool('bare', 'bare attach', '0.27.1'), [aSample(50_000), aSample(100_000)]);
  const finwait = aRow(aTool('finwait', 'finwait', '0.17.0'), [
    aSample(20_000),
    aSample(50_000, { lost: 7, drift: -3 }),
  ]);
  const least = aRow(aTool('least', 'the least', '0.27.1'), [aSample(25_000), aSample(75_000)]);
  const rows = [none, bareOld, bareNew, least, finwait];
  const rowOf = (name: string, of: readonly Row[] = rows): readonly string[] =>
    (captureLines(of).find((line) => line.includes(name)) ?? '').split('|').map((cell) => cell.trim());

  test('says what the least of scripts leaves of its own bare attach', () => {
    expect(rowOf('the least')[5]).toBe('0.63 (0.50–0.75)');
  });

  test('compares rates of the same round', () => {
    expect(ratios(finwait, none)).toEqual([0.4, 0.5]);
    expect(rowOf('finwait')[4]).toBe('0.45 (0.40–0.50)');
  });

  test("compares with the bare probes of the row's own bpftrace", () => {
    expect(rowOf('finwait')[5]).toBe('0.75 (0.50–1.00)');
  });

  test('counts two closes a connection', () => {
    expect(rowOf('| bare attach')[6]).toBe('2.25 (2.00–2.50)');
  });

  test('a figure that a tool does not give is a dash, never 0', () => {
    expect(rowOf('no tracer').slice(4, 10)).toEqual(['—', '—', '—', '—', '—', '—']);
    expect(rowOf('finwait').slice(7, 9)).toEqual(['4 (0–7)', '-1 (-3–0)']);
  });

  test('a tool that does not run is a row that says why', () => {
    const absent = aRow(aTool('peer', 'bcc tcpstates'), [], 'not installed: apt-get install bpfcc-tools');
    expect(rowOf('bcc', [...rows, absent])[3]).toBe('does not run here: not installed: apt-get install bpfcc-tools');
  });

  test('rounds that failed, and connections, are noted', () => {
    const failed = aRow(finwait.tool, [aSample(1), null], 'it ended');
    const load = { ...aSample(1).load, failed: 12 };
    expect(captureNotes([none, failed, aRow(bareOld.tool, [aSample(1, { load })])])).toEqual([
      'finwait, bpftrace 0.17.0: failed in 1 rounds: it ended',
      'bare attach, bpftrace 0.17.0: 12 connections failed',
    ]);
  });

  test('a machine that was not quiet is noted', () => {
    const rows = [aRow(bareOld.tool, [aSample(1, { othersShare: 0.3 }), aSample(1), null])];
    expect(captureNotes(rows)[0]).toBe('the machine was not quiet: others had up to 30 % of the CPUs, in 1 of 2 loads');
  });

  test('a round that failed has no ratio, and takes none from the others', () => {
    expect(ratios(aRow(finwait.tool, [null, aSample(25_000)]), none)).toEqual([null, 0.25]);
  });
});

test("the pipeline's rates are by lines, and by the first way's", () => {
  const pass = {
    seconds: 2,
    cpuSeconds: 0.0015,
    rssQuarter: null,
    rssEnd: null,
    peakRss: 3 * 1024 * 1024,
    note: 'as noted',
  };
  const lines = pipelineLines(1000, [
    { name: 'wc', passes: [{ ...pass, seconds: 1, note: '' }] },
    { name: 'ours', passes: [pass] },
  ]);
  expect(
    lines
      .find((line) => line.startsWith('| ours'))
      ?.split('|')
      .map((cell) => cell.trim()),
  ).toEqual(['', 'ours', '500', '0.500', '1.50', '—', '—', '3', '']);
  expect(lines.at(-1)).toBe('- ours: as noted');
});

describe('the page', () => {
  const first = pageWith('', [
    { part: 'screen', lines: ['old frames'] },
    { part: 'capture', lines: ['rates'] },
  ]);

  test('keeps the order of its parts', () => {
    expect(first.indexOf('rates')).toBeGreaterThan(0);
    expect(first.indexOf('rates')).toBeLessThan(first.indexOf('old frames'));
  });

  test('keeps what was not measured again', () => {
    const second = pageWith(first, [{ part: 'screen', lines: ['new frames'] }]);
    expect(second).toContain('rates');
    expect(second).toContain('new frames');
    expect(second).not.toContain('old frames');
    expect(pageWith(second, [])).toBe(second);
  });
});
