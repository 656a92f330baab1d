import type { Row, Sample } from './capture.ts';
import { spread } from './statistics.ts';
import { fixed, megabytes, tableLines, whole } from './table.ts';

const HEAD = [
  'tracer',
  'bpftrace',
  'connections/s',
  'kept',
  'of bare attach',
  'CPU s per 100,000 closes',
  'events lost',
  'ledger drift',
  'peak RSS, MB',
];

/** Both ends of a connection are closed. */
const closesOf = ({ load }: Sample): number => 2 * load.connections;

const rateOf = (sample: Sample | null | undefined): number | null => sample?.load.per_second ?? null;

/** This row's rate by another's, round by round. */
export const ratios = (row: Row, to: Row | undefined): readonly (number | null)[] =>
  row.samples.map((sample, round) => {
    const [mine, other] = [rateOf(sample), rateOf(to?.samples[round])];
    return mine === null || other === null || other === 0 ? null : mine / other;
  });

const cells = (row: Row, rows: readonly Row[]): readonly string[] => {
  const { tool, samples, failure } = row;
  const name = [tool.name, tool.bpftrace ?? ''];
  if (samples.every((sample) => sample === null)) return [...name, `does not run here: ${failure ?? 'not tried'}`];
  const of = (figure: (sample: Sample) => number | null) =>
    samples.map((sample) => (sample === null ? null : figure(sample)));
  const none = rows.find((each) => each.tool.role === 'none');
  const bare = rows.find((each) => each.tool.role === 'bare' && each.tool.bpftrace === tool.bpftrace);
  const cpu = (sample: Sample): number | null =>
    sample.usage === null ? null : (sample.usage.cpuSeconds / closesOf(sample)) * 100_000;
  return [
    ...name,
    spread(of(rateOf), whole),
    tool.role === 'none' ? '—' : spread(ratios(row, none), fixed(2)),
    tool.role === 'finwait' || tool.role === 'least' ? spread(ratios(row, bare), fixed(2)) : '—',
    spread(of(cpu), fixed(2)),
    spread(
      of(({ lost }) => lost),
      whole,
    ),
    spread(
      of(({ drift }) => drift),
      whole,
    ),
    spread(
      of(({ usage }) => usage?.peakRss ?? null),
      megabytes,
    ),
  ];
};

/** Medians with least and most; a tool that does not run says why. */
export const captureLines = (rows: readonly Row[]): readonly string[] =>
  tableLines(
    HEAD,
    rows.map((row) => cells(row, rows)),
  );

/** A share of the CPU below this does not show in the figures. */
const NOTED_SHARE = 0.02;

const disturbances = (rows: readonly Row[]): readonly string[] => {
  const shares = rows.flatMap(({ samples }) => samples.flatMap((sample) => sample?.othersShare ?? []));
  const disturbed = shares.filter((share) => share > NOTED_SHARE);
  if (disturbed.length === 0) return [];
  const most = Math.round(Math.max(...disturbed) * 100);
  return [
    `the machine was not quiet: others had up to ${most} % of the CPUs, in ${disturbed.length} of ${shares.length} loads`,
  ];
};

/**
 * Notes on single rounds for the reader: a machine that was not quiet, failures and connections that did not come
 * about.
 */
export const captureNotes = (rows: readonly Row[]): readonly string[] => [
  ...disturbances(rows),
  ...rows.flatMap(({ tool, samples, failure }) => {
    const name = tool.bpftrace === null ? tool.name : `${tool.name}, bpftrace ${tool.bpftrace}`;
    const missing = samples.filter((sample) => sample === null).length;
    const failed = samples.reduce((sum, sample) => sum + (sample?.load.failed ?? 0), 0);
    return [
      ...(missing > 0 && missing < samples.length ? [`${name}: failed in ${missing} rounds: ${failure}`] : []),
      ...(failed > 0 ? [`${name}: ${failed} connections failed`] : []),
    ];
  }),
];
