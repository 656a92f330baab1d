import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { filterText as conditions } from '../../src/capture/bpftrace/probe-filter.ts';
import { formatRequest, parseRequest } from '../../src/capture/reader/reader-protocol.ts';
import { filterOptions } from '../../src/cli/arguments.ts';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { accepts, filterOf, filterText, filterTexts } from '../../src/filter/filter.ts';
import { FILTERS, type Filter, NO_FILTER, type PathFilter } from '../../src/filter/table.ts';
import { firstDying } from '../../src/screen/table/select.ts';
import { subjectOfPath } from '../../src/stream/filter.ts';
import { openStream } from '../../src/stream/open-stream.ts';
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
const passes = (path: ClosePath, filter: PathFilter): boolean =>
  accepts(filter, path.dying_us, () => subjectOfPath(path));

type Name = keyof PathFilter;

/** For each row a value that the sockets below have, and one that they have not, as the command line takes them. */
const SAMPLES: Readonly<Record<Name, { readonly has: string; readonly lacks: string; readonly wrong: unknown }>> = {
  pid: { has: '-p 7', lacks: '-p 8', wrong: -1 },
  localPorts: { has: '-L 80,400-500', lacks: '-L 80,444-500', wrong: [[5, 65_536]] },
  remotePorts: { has: '-D 50000', lacks: '-D 50001', wrong: 443 },
  family: { has: '-6', lacks: '-4', wrong: 'ipx' },
  netns: { has: '--netns 5', lacks: '--netns 6', wrong: 1.5 },
  comm: { has: '--comm nginx', lacks: '--comm caddy', wrong: 1 },
  state: { has: '--state FIN_WAIT2', lacks: '--state CLOSING', wrong: 'OPEN' },
  minAgeUs: { has: '--min-age 1000ms', lacks: '--min-age 1000.5ms', wrong: null },
};
const NAMES = Object.keys(SAMPLES) as Name[];

const parsed = (text: string): PathFilter => {
  const command = new Command();
  for (const option of filterOptions()) command.addOption(option);
  return filterOf(command.parse(text.split(' '), { from: 'user' }).opts());
};

const on = { lport: 443, rport: 50_000, netns: 5, local: '2001:db8::1', peer: '2001:db8::2' } as const;
const path = aClosePath({
  closer: { pid: 7, comm: 'nginx', exiting: false, exit_signal: null, exit_status: null },
  lport: on.lport,
  rport: on.rport,
  family: 'ipv6',
  netns: on.netns,
  state: 'FIN_WAIT2',
  closed_in: 'ESTABLISHED',
  path: [],
  dying_us: 1e6,
});

/** True if the screen shows the one socket of these lines after a second. */
const isShown = (lines: readonly string[], filter: PathFilter): boolean => {
  const fold = openStream(aMeta(), { onEnd: () => {}, onLedger: () => {}, onNotice: () => {} });
  for (const line of [helloLine(), ...lines, tickLine(sec(1) + ms(1))]) fold.push(line);
  fold.end();
  const vantage = { host: fold.host, now: fold.tracker.now(), netns: null, evidenceAt: fold.tracker.evidenceAt };
  expect(firstDying(fold.tracker, vantage, NO_FILTER, 10)).toHaveLength(1);
  return firstDying(fold.tracker, vantage, filter, 10).length === 1;
};
const CLOSED = [announceLine({ ...on, at: ms(1), pid: 7, comm: 'nginx', state: 'FIN_WAIT2' })];
const LISTED = [inventoriedLine(0, { ...on, state: 'FIN_WAIT2' }), inventoryEndLine(1)];

test('the table has these rows, and meta a name of its own for each', () => {
  expect(Object.keys(FILTERS)).toEqual(NAMES);
  expect(new Set(Object.values(FILTERS).map(({ meta }) => meta)).size).toBe(NAMES.length);
});

describe.each(NAMES)('the filter %s', (name) => {
  const row: Filter = FILTERS[name];
  const { has, lacks, wrong } = SAMPLES[name];
  const [filter, other] = [parsed(has), parsed(lacks)];

  test('is read from the command line, and written as there', () => {
    expect(filter).toEqual({ ...NO_FILTER, [name]: filter[name] });
    expect(filter[name]).not.toEqual(row.none);
    expect(filterText(filter)).toBe(has);
  });

  test('is in the help and in the docs', () => {
    const help = new Command();
    for (const option of filterOptions()) help.addOption(option);
    for (const option of row.options) {
      expect(help.helpInformation().replace(/\s+/g, ' ')).toContain(`${option.flags} ${option.help}`);
      const page = readFileSync(new URL('../../docs/explain.md', import.meta.url), 'utf8');
      expect(page).toContain(`\`${option.flags.split(/,? /, 1)[0]}\``);
    }
  });

  test('is noted in meta', () => {
    expect(filterTexts(filter)).toEqual({
      [row.meta]: row.metaText?.(filter[name] as NonNullable<unknown>) ?? String(filter[name]),
    });
  });

  test('chooses close paths', () => {
    expect([passes(path, filter), passes(path, other)]).toEqual([true, false]);
  });

  test('chooses the dying sockets of the screen', () => {
    expect([isShown(CLOSED, filter), isShown(CLOSED, other)]).toEqual([true, false]);
  });

  test('chooses those that only the inventory knows, by what is known of them', () => {
    // Nobody saw their close, so none is too young; and nobody knows their closer, so none passes.
    const isKnown = row.probe.tells !== 'closer';
    expect(isShown(LISTED, filter)).toBe(isKnown);
    expect(isShown(LISTED, other)).toBe(row.test.asks === 'age');
  });

  test('is a condition of the probes, or says what stands in its place', () => {
    const { probe } = row;
    if (probe.tells === 'nothing') {
      expect(conditions(filter)).toBeNull();
      expect(probe.because).not.toBe('');
      return;
    }
    const condition = probe.condition(filter[name] as NonNullable<unknown>);
    expect(condition).not.toBeNull();
    expect(conditions(filter)).toEqual({ all: condition, baseline: probe.tells === 'closer' ? '0' : condition });
    expect(conditions(filter)).not.toEqual(conditions(other));
  });

  test('reaches the reader as it is, and no other value does', () => {
    const request = {
      backend: 'auto',
      finwaitVersion: '1',
      filters: {},
      only: filter,
      minAgeMs: 10,
      mapKeys: 9,
    } as const;
    expect(parseRequest(formatRequest(request))).toEqual(request);
    expect(parseRequest(JSON.stringify({ ...request, only: { ...filter, [name]: wrong } }))).toBeNull();
  });
});
