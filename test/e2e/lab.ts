import { execFileSync } from 'node:child_process';
import type { LabEvent, Stage } from '../../src/lab/event.ts';
import { type Run, startFinwait } from './finwait.ts';
import { parseCounters } from './netns.ts';

export type LabSocket = Extract<LabEvent, { readonly type: 'lab_socket' }>;

/** A `finwait lab --json`, as a user would start it: the truth about sockets that a trace is compared with. */
export type Lab = Run & {
  readonly events: readonly LabEvent[];
  /** Events of one type so far. */
  readonly of: <T extends LabEvent['type']>(type: T) => readonly Extract<LabEvent, { readonly type: T }>[];
  /** The sockets of a scenario, in the order they were made to die. */
  readonly sockets: (scenario: string, role?: LabSocket['role']) => readonly LabSocket[];
  /** The reason why this kernel could not play a scenario; null when it could. */
  readonly skipped: (scenario: string) => string | null;
  /** The stage of a scenario. @throws Error before lab_start */
  readonly stageOf: (scenario: string) => Stage;
  /** The figures of /proc/net/snmp and netstat in the namespace near of a scenario. */
  readonly counters: (scenario: string) => ReadonlyMap<string, number>;
};

export const startLab = (...args: readonly string[]): Lab => {
  const events: LabEvent[] = [];
  const run = startFinwait(['lab', '--json', ...args], (line) => {
    if (line !== '') events.push(JSON.parse(line));
  });
  const of: Lab['of'] = <T extends LabEvent['type']>(type: T) =>
    events.filter((event): event is Extract<LabEvent, { readonly type: T }> => event.type === type);
  const stageOf: Lab['stageOf'] = (scenario) => {
    const start = of('lab_start')[0];
    const stage = start?.stages[start.scenarios[scenario] ?? -1];
    if (stage === undefined) throw new Error(`${scenario} has no stage`);
    return stage;
  };
  return {
    ...run,
    events,
    of,
    sockets: (scenario, role = 'dying') =>
      of('lab_socket').filter((socket) => socket.scenario === scenario && socket.role === role),
    skipped: (scenario) => of('lab_skipped').find((skip) => skip.scenario === scenario)?.reason ?? null,
    stageOf,
    counters: (scenario) =>
      parseCounters(
        execFileSync('ip', ['netns', 'exec', stageOf(scenario).near, 'cat', '/proc/net/snmp', '/proc/net/netstat'], {
          encoding: 'utf8',
        }),
      ),
  };
};
