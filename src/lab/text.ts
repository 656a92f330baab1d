import { durationColumn, settingTime } from '../text/duration.ts';
import { endpoint } from '../text/endpoint.ts';
import { CATALOGUE, GROUPS } from './catalogue.ts';
import type { LabEvent, Stage } from './event.ts';
import { byHandPreamble, type Scenario } from './scenario.ts';

const byName: ReadonlyMap<string, Scenario> = new Map(CATALOGUE.map((scenario) => [scenario.name, scenario]));

const NAME_WIDTH = Math.max(...CATALOGUE.map(({ name }) => name.length));

/** `--list`: a line for each scenario, and the groups. */
export const listLines = (): readonly string[] => [
  ...CATALOGUE.map(
    ({ name, title, seconds, needs }) =>
      `${name.padEnd(NAME_WIDTH)} ${settingTime(Math.ceil(seconds) * 1000).padStart(5)}  ${title}${needs === 'host' ? '  (--host)' : ''}`,
  ),
  '',
  ...Object.keys(GROUPS).map(
    (group) =>
      `${group.padEnd(NAME_WIDTH)} ${CATALOGUE.filter((scenario) => GROUPS[group]?.(scenario)).length} of them`,
  ),
];

const introduction = (stages: readonly Stage[]): readonly string[] => {
  const [first] = stages;
  if (first === undefined) return [];
  return [
    `Sockets die in ${first.near} (netns ${first.netns}); their peer is ${first.far}.`,
    ...stages.slice(1).map(({ near, netns, sysctls }) => `${near} (netns ${netns}) has ${settings(sysctls)}.`),
    `Watch them from another terminal: finwait top, or finwait trace --netns ${first.netns}`,
    'The commands by hand use these shell functions (they work while the lab runs, or stands with --hold):',
    ...byHandPreamble(first).map((line) => `  ${line}`),
  ];
};

const settings = (sysctls: Stage['sysctls']): string =>
  Object.entries(sysctls)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

const description = ({ name, title, does, byHand, ss, finwait }: Scenario): readonly string[] => [
  '',
  `${name}: ${title}`,
  `  ${does}`,
  '  by hand:',
  ...byHand.map((line) => `    ${line}`),
  `  in ss:      ${ss}`,
  `  in finwait: ${finwait}`,
];

/** Tells a run of the lab to a person: lines for each event, in the order they come. */
export const createLabText = (): ((event: LabEvent) => readonly string[]) => {
  const told = new Set<string>();
  const died = new Map<string, number>();
  const counts = { lab_played: 0, lab_skipped: 0, lab_failed: 0 };
  const key = (event: { readonly run: number; readonly lport: number; readonly rport: number }): string =>
    `${event.run} ${event.lport} ${event.rport}`;
  return (event) => {
    if (event.type in counts) counts[event.type as keyof typeof counts]++;
    switch (event.type) {
      case 'lab_start':
        return introduction(event.stages);
      case 'lab_play': {
        const scenario = byName.get(event.scenario);
        if (scenario === undefined || told.has(event.scenario)) return [];
        told.add(event.scenario);
        return description(scenario);
      }
      case 'lab_socket': {
        const what = `${endpoint(event.family, event.laddr, event.lport)} > ${endpoint(event.family, event.raddr, event.rport)}`;
        if (event.role === 'control')
          return [`  ${event.scenario}: ${what} is held by process ${event.pid}: no row yet`];
        died.set(key(event), event.at);
        return [`  ${event.scenario}: ${what} closes, of process ${event.pid}`];
      }
      case 'lab_gone': {
        const at = died.get(key(event));
        died.delete(key(event));
        const after = at === undefined ? '' : ` after ${durationColumn(Math.max(0, event.at - at) * 1e6)}`;
        return [`  ${event.scenario}: its full sk is gone${after}`];
      }
      case 'lab_played':
        return [];
      case 'lab_skipped':
        return [`  ${event.scenario}: skipped: ${event.reason}`];
      case 'lab_failed':
        return [`  ${event.scenario}: FAILED: ${event.error}`];
      case 'lab_hold':
        return ['', 'All is played; the namespaces stand until Ctrl+C.'];
      case 'lab_fault':
        return [];
      case 'lab_end':
        return [
          '',
          `${counts.lab_played} played, ${counts.lab_skipped} skipped, ${counts.lab_failed} failed${
            event.stopped ? ', then stopped' : ''
          }; the namespaces are gone.`,
        ];
    }
  };
};
