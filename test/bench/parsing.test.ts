import { describe, expect, test } from 'vitest';
import { bareScript } from '../../bench/bare.ts';
import { lastLedger } from '../../bench/finwait.ts';
import { framesBetween, frameTimes, parseSeen } from '../../bench/frames.ts';
import { parseLoad } from '../../bench/load.ts';
import { commandOf, PARTS, parseOptions } from '../../bench/options.ts';
import { parseLost, whyItFailed } from '../../bench/peers.ts';
import { parsePeakRss, parseStat, takenByOthers, treeOf } from '../../bench/usage.ts';

describe('lost events of the peers', () => {
  test('libbpf-tools: each CPU that loses says so, time and again', () => {
    expect(parseLost('lost 5 events on CPU #0\nlost 17 events on CPU #1\nlost 3 events on CPU #0\n')).toBe(25);
  });
  test('bcc says samples', () => expect(parseLost('Possibly lost 12 samples\nLost 3 samples\n')).toBe(15));
  test('silence is none', () => expect(parseLost('libbpf: some warning 12\n')).toBe(0));
});

describe('why a tool failed', () => {
  test('is the line that tells most, not the first', () => {
    const said = [
      'sh: 1: modprobe: not found',
      'Unable to find kernel headers. Try rebuilding kernel with CONFIG_IKHEADERS=m (module) or installing …',
      'chdir(/lib/modules/6.1/build): No such file or directory',
      'Traceback (most recent call last):',
    ];
    expect(whyItFailed(said.join('\n'))).toBe('Unable to find kernel headers');
  });
  test('is never longer than a cell, and has no control characters', () => {
    expect(whyItFailed(`failed \x1b[2J${'x'.repeat(500)}`)).toMatch(/^failed {2}\[2Jx+…$/);
    expect(whyItFailed(`failed ${'x'.repeat(500)}`)).toHaveLength(120);
  });
  test('is said even where there is nothing', () => expect(whyItFailed(' \n')).toBe('it said nothing'));
});

describe('/proc/PID/stat', () => {
  test('is read behind the name, whatever that holds', () => {
    const rest = 'S 41 7 7 0 -1 4194560 9 9 9 9 250 50 11 12 20 0 1 0';
    expect(parseStat(`7 (a) R 1 (b) ) ${rest}`)).toEqual({ parent: 41, cpuSeconds: 3, childSeconds: 0.23 });
  });
  test('of a process that has gone is null', () => expect(parseStat('')).toBeNull());
  test('the peak is in bytes', () => {
    expect(parsePeakRss('VmPeak:\t  999 kB\nVmHWM:\t   12 kB\nVmRSS:\t 3 kB\n')).toBe(12_288);
    expect(parsePeakRss('Name:\tkthreadd\n')).toBe(0);
  });
});

describe('what others took', () => {
  const stat = (parent: number, cpuSeconds: number, childSeconds = 0) => ({ parent, cpuSeconds, childSeconds });
  const before = new Map([
    [1, stat(0, 5)],
    [2, stat(0, 1)],
    [3, stat(2, 1)],
    [10, stat(1, 7)],
    [20, stat(1, 4, 6)],
  ]);
  const after = new Map([
    [1, stat(0, 5)],
    [2, stat(0, 1)],
    [3, stat(2, 9)],
    [10, stat(1, 17)],
    [11, stat(10, 30)],
    [20, stat(1, 5, 8)],
    [30, stat(20, 0.5)],
  ]);

  test('is neither ours, nor our children\u2019s, nor the kernel threads\u2019', () => {
    expect(takenByOthers(before, after, 10)).toBe(3.5);
  });
  test('leaves out what a process had taken before, when its parent inherits it', () => {
    const shell = stat(1, 1, 0);
    const then = new Map([
      [5, shell],
      [6, stat(5, 100)],
    ]);
    expect(takenByOthers(then, new Map([[5, stat(1, 1, 100.5)]]), 10)).toBe(0.5);
    expect(takenByOthers(then, new Map([[5, shell]]), 10)).toBe(0);
  });
  test('a tree goes all the way down', () => expect(treeOf(1, after)).toEqual([1, 10, 20, 11, 30]));
});

describe('bare probes', () => {
  const script = ['BEGIN', '{', '  printf("H");', '}', 'kfunc:__tcp_close', '{', '  // tracepoint:x:y', '}'];
  const more = [
    'tracepoint:tcp:a',
    '/@map[1] > 0/',
    '{ @x = 1; }',
    'tracepoint:tcp:a',
    '{',
    '}',
    'interval:ms:100',
    '{ }',
  ];

  test('are those of the script, twice where it has them twice, without what they do', () => {
    expect(
      bareScript([...script, ...more, 'END', '{', '}'].join('\n'))
        .split('\n')
        .slice(1, -1),
    ).toEqual(['kfunc:__tcp_close { }', 'tracepoint:tcp:a { }', 'tracepoint:tcp:a { }', 'interval:ms:100 { }']);
  });
  test('a script without any is a mistake', () => expect(() => bareScript('BEGIN { }')).toThrow('no probes'));
});

describe("finwait's ledger", () => {
  const row = '{"type":"ledger","at":null,"drift":3,"lost_events":12}';

  test('is the last of them', () => {
    expect(lastLedger(`{"type":"meta"}\n${row.replace('12', '1')}\n${row}\n`)).toEqual({ lost: 12, drift: 3 });
  });
  test('unknown stays unknown', () => {
    expect(lastLedger(row.replace('"drift":3', '"drift":null'))).toEqual({ lost: 12, drift: null });
  });
  test('its absence is no zero', () => expect(() => lastLedger('{"type":"meta"}\n')).toThrow('no ledger'));
});

describe('the load generator', () => {
  const said = '{"seconds":2.000,"threads":2,"connections":9,"slow":1,"failed":0,"per_second":4.5}\n';

  test('is read', () => expect(parseLoad(said)).toMatchObject({ connections: 9, slow: 1, per_second: 4.5 }));
  test('is not trusted to say all', () => expect(() => parseLoad('{"seconds":2}')).toThrow('nothing of connections'));
});

describe('frames', () => {
  const synchronized = {
    chunks: [
      [0.1, 10, 1],
      [0.102, 10, 0],
      [0.2, 9, 1],
      [0.4, 9, 1],
    ] as const,
  };

  test('begin at synchronized updates', () => expect(frameTimes(synchronized)).toEqual([0.1, 0.2, 0.4]));
  test('or after a rest, where there are none', () => {
    expect(
      frameTimes({
        chunks: [
          [0.1, 5, 0],
          [0.103, 5, 0],
          [0.106, 5, 0],
          [0.2, 5, 0],
        ],
      }),
    ).toEqual([0.1, 0.2]);
  });
  test('are counted between two moments, and the gaps between them measured', () => {
    const { perSecond, gapMs } = framesBetween(synchronized, 0.05, 0.45);
    expect(perSecond).toBeCloseTo(7.5);
    expect(gapMs.median).toBeCloseTo(100);
    expect(gapMs.longest).toBeCloseTo(200);
  });
  test('a mark that did not come is null', () => {
    expect(parseSeen('{"chunks":[[1,2,3]],"marks":{"a":0.5,"b":null}}').marks).toEqual({ a: 0.5, b: null });
    expect(parseSeen('{"chunks":[],"marks":{},"memory":[3,4]}').memory).toEqual({ rss: 3072, peak: 4096 });
    expect(parseSeen('{"chunks":[],"marks":{},"memory":null}').memory).toBeNull();
    expect(() => parseSeen('{"chunks":[[1,2]],"marks":{}}')).toThrow('on_terminal.py');
  });
});

describe('the command line', () => {
  const options = (...argv: readonly string[]) => {
    const parsed = parseOptions(argv);
    if (parsed === 'help') throw new Error('no options');
    return parsed;
  };

  test('measures everything unless told, in the order of the page', () => {
    expect(options().only).toEqual(PARTS);
    expect(options('--only', 'screen', '--only', 'capture').only).toEqual(['capture', 'screen']);
  });
  test('a quick run does not replace the page', () => {
    expect(options('--quick').out).toBeNull();
    expect(options('--quick', '--out', 'x.md').out).toBe('x.md');
    expect(options().out).toBe('docs/benchmarks.md');
  });
  test.each([
    ['--rounds', '0'],
    ['--seconds', '61'],
    ['--seconds', '-1'],
    ['--rate', '1e3'],
    ['--only', 'all'],
    ['--wrong', '1'],
  ])('%s %s is refused', (...argv) => expect(() => parseOptions(argv)).toThrow());
  test('the page names no path of the machine it was made on', () => {
    const command = commandOf(options('--bpftrace', '/somewhere/bpftrace', '--finwait', '/elsewhere/finwait.js'));
    expect(command).toContain('--bpftrace PATH');
    expect(command).not.toMatch(/somewhere|elsewhere/);
  });
  test('the command of the page gives the same run', () => {
    const given = options('--quick', '--only', 'pipeline', '--rounds', '3', '--slow', '7');
    expect(options(...commandOf(given).split(' ').slice(4))).toEqual(given);
  });
});
