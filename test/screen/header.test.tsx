import { cleanup } from 'ink-testing-library';
import { afterEach, describe, expect, it } from 'vitest';
import { barText } from '../../src/screen/frame/bar.ts';
import { orphanLine } from '../../src/screen/header/orphan-line.ts';
import { flowLine } from '../../src/screen/header/status-lines.ts';
import { aStatus, fakeStore, someRows } from './builders.ts';
import { renderAt } from './render-at.tsx';

afterEach(cleanup);

const head = async (change: Parameters<typeof aStatus>[0], columns = 80): Promise<string> => {
  const screen = await renderAt(fakeStore(someRows(3), aStatus(change)), columns, 24);
  expect(screen.widest()).toBeLessThanOrEqual(columns);
  return screen.lines().slice(0, 4).join('\n');
};

it('orphans are shown by our count, the kernel’s and its limit, with the rates and the memory', async () => {
  const header = await head({});
  expect(header).toMatch(/LIVE {2}tracing {2}fentry {2}bpftrace 0\.23\.1 +12:34:56/);
  expect(header).toMatch(/orphans 1,234 ours {2}1,236 kernel {2}16,384 limit {2}\[#+\.+\|\.+\|\.+\] 7\.5%/);
  expect(header).toContain('entries 120/s  exits 118/s  held 12M  3 under way  0 lost  0 late  0 malformed');
});

it('before the inventory is taken nothing is 0', async () => {
  const header = await head({ phase: 'attaching', orphans: null, kernelOrphans: null, limit: null, drift: null });
  expect(header).toContain('orphans attaching…  ? kernel  ? limit');
  expect(header).toContain('entries ?  exits ?  held ?  drift ?');
  expect(header).not.toMatch(/\b0 (ours|kernel|limit)/);
});

it('lost, late and malformed events and a drift beyond what is in flight are loud', async () => {
  const header = await head({ lostEvents: 1234, outOfOrder: 3, malformed: 1, drift: -122, inFlight: 4 });
  expect(header).toContain(' DRIFT -122 ');
  expect(header).toContain(' 1,234 LOST    3 LATE    1 MALFORMED');
});

it('drift and loss are still told at 40 columns', async () => {
  const header = await head({ lostEvents: 1234, drift: 122 }, 40);
  expect(header).toContain('DRIFT +122');
  expect(header).toContain('1,234 LOST');
});

const flow = (change: Parameters<typeof aStatus>[0], width: number): string =>
  flowLine(aStatus(change), width)
    .map(({ text }) => text)
    .join('');

it('as other figures grow, whether they can be trusted is the last to go', () => {
  const busy = {
    entriesPerSec: 123_456,
    exitsPerSec: 123_456,
    fastDeaths: 1e9,
    fastDeathsPerSec: 123_456,
    minAgeMs: 10,
    heldBytes: 0,
    heldUnknown: 131_072,
  };
  for (const width of [40, 60, 80]) {
    expect(flow({ ...busy, drift: 0 }, width)).toMatch(/in step {2}0 lost/);
    expect(flow({ ...busy, drift: 3, inFlight: 1234 }, width)).toMatch(/1,234 under way {2}0 lost/);
    expect(flow({ ...busy, drift: null }, width)).toMatch(/drift \? {2}0 lost/);
    const doubtful = flow({ ...busy, drift: -122, inFlight: 4, lostEvents: 1234, outOfOrder: 7 }, width);
    expect(doubtful).toMatch(/ DRIFT -122 {4}1,234 LOST {4}7 LATE /);
  }
});

it('orphans that no row shows are told before the limit and its bar', () => {
  const status = aStatus({ orphans: 131_072, kernelOrphans: 131_072, limit: 262_144, unlocated: 65_536 });
  for (const width of [60, 80]) {
    const line = orphanLine(status, width).map(({ text }) => text);
    expect(line.join('')).toContain('65,536 unlocated');
  }
});

it('while no event comes the age of all figures is loud, at every width, and nothing is called in step', async () => {
  for (const columns of [40, 80, 160]) {
    const header = await head({ drift: 0, inFlight: 0, staleMs: 42_000 }, columns);
    expect(header).toContain('as of 42.0s ago');
    expect(header).not.toContain('in step');
  }
  expect(await head({ staleMs: 42_000 })).toMatch(/ +as of 12:34:56/);
});

it('a drift that what is in flight explains is calm', async () => {
  expect(await head({ drift: 3, inFlight: 3 })).toContain('3 under way');
});

it('memory that nobody knows is not shown as 0', async () => {
  expect(await head({ heldBytes: 0, heldUnknown: 3 })).toContain('held ?');
  expect(await head({ heldBytes: 8192, heldUnknown: 1 })).toContain('held >8.0K');
});

it('memory that was not added up is not shown as 0 either', async () => {
  expect(await head({ heldBytes: null })).toContain('held ?');
});

it('deaths that were only counted are told where there were any, with what fast means where there is room', async () => {
  expect(await head({})).not.toContain('fast deaths');
  const fast = { fastDeaths: 99_999, fastDeathsPerSec: 1234, minAgeMs: 10 };
  expect(flow(fast, 160)).toContain('fast deaths 1234/s (<10ms, counted in the kernel)');
  expect(flow({ ...fast, minAgeMs: null }, 160)).toContain('fast deaths 1234/s (counted in the kernel)');
  expect(flow(fast, 100)).toMatch(/exits 118\/s {2}fast deaths 1234\/s {2}held 12M/);
  expect(await head(fast, 80)).toMatch(/fast deaths 1234\/s {2}held 12M .* 0 lost/);
  // Before the inventory is in there is no rate, and 0 would be one.
  expect(flow({ ...fast, fastDeathsPerSec: 0, orphans: null }, 100)).toContain('fast deaths ?  held');
  expect(flow({ ...fast, orphans: null }, 60)).toContain('counting the orphans of before');
  const unknown = { ...fast, fastDeathsPerSec: null, entriesPerSec: null, exitsPerSec: null };
  expect(flow(unknown, 100)).toContain('entries ?  exits ?  fast deaths ?  held');
  expect(await head({ ...fast, lostEvents: 5, drift: -122 }, 60)).toMatch(/DRIFT -122 .* 5 LOST/);
});

it('what was given up under load is told before the notice', async () => {
  const overload = 'overloaded: drawing every 2 s';
  expect(await head({ overload })).toMatch(/^! overloaded: drawing every 2 s$/m);
  expect(await head({ overload, notice: 'the map is full' })).toContain(`! ${overload}; the map is full`);
});

it('unlocated orphans and the notice are shown when there are any', async () => {
  const header = await head({ unlocated: 12, notice: 'the map is full' });
  expect(header).toContain('12 unlocated');
  expect(header).toContain('! the map is full');
  expect(await head({})).not.toContain('unlocated');
});

it('a recording shows its name and phase, and a long name its end', async () => {
  expect(await head({ source: 'recording', sourceName: 'web3.fwt', phase: 'replaying' })).toMatch(
    /RECORDING web3\.fwt {2}replaying/,
  );
  const long = await head({ source: 'recording', sourceName: `${'x'.repeat(200)}.fwt`, phase: 'ended' });
  expect(long).toMatch(/RECORDING …x+\.fwt {2}ended/);
});

it.each([
  [4095, ''],
  [4096, 'kills can start'],
  [8192, 'KILLS LIKELY'],
  [16_384, 'LIMIT REACHED'],
])('at %d of 16384 orphans it says "%s"', async (kernelOrphans, word) => {
  const header = await head({ orphans: kernelOrphans, kernelOrphans, drift: 0 });
  if (word === '') expect(header).not.toMatch(/kill/i);
  else expect(header).toContain(word);
});

describe('barText', () => {
  it('is plain ASCII as wide as asked, with marks at a quarter and a half', () => {
    expect(barText(0, 22)).toBe('[.....|....|.........]');
    expect(barText(0.4, 22)).toBe('[#####|##..|.........]');
    expect(barText(7, 22)).toBe('[#####|####|#########]');
  });

  it('is never empty while there is one orphan', () => {
    expect(barText(0.000_01, 22)).toContain('#');
  });
});
