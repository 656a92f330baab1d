// What `finwait explain RECORDING --socket …` prints, for the sockets of test/fixtures/ that docs/causes/ shows.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { reported } from '../src/cli/explain.ts';
import { createFold, type Fold } from '../src/cli/fold.ts';
import { parseSocket } from '../src/cli/socket-argument.ts';
import { createReport } from '../src/explain/report/create-report.ts';
import type { Row } from '../src/explain/report/report.ts';
import { endpoint } from '../src/kernel/address.ts';
import type { LabEvent } from '../src/lab/event.ts';
import { readRecording } from '../src/record/reader.ts';
import { socketReportLines } from '../src/views/explain/report-lines.ts';
import type { Meta } from '../src/wire/meta.ts';

type LabSocket = Extract<LabEvent, { readonly type: 'lab_socket' }>;

/** A recording, read to its end, and the sockets that the lab made to die in it. */
type Fixture = {
  readonly name: string;
  readonly sockets: readonly LabSocket[];
  readonly meta: Meta;
  readonly fold: Fold;
  readonly rows: readonly Row[];
  readonly isCut: boolean;
};

/** Prints what `explain` prints of the socket that a scenario made to die. @throws Error when none is recorded */
export type Printer = (scenario: string) => string;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = 'test/fixtures/';
const COLUMNS = 80;

const readFixture = async (name: string): Promise<Fixture> => {
  const rows: Row[] = [];
  const begun: { meta: Meta; fold: Fold }[] = [];
  const { isCut } = await readRecording(`${ROOT}${FOLDER}${name}.fwr`, {
    onMeta: (meta) => {
      const fold: Fold = createFold(meta, {
        onEnd: (sock) => {
          const row = fold.describe(sock);
          if (row !== null) rows.push(row);
        },
        onLedger: () => {},
        onNotice: () => {},
      });
      begun.push({ meta, fold });
    },
    onLine: (line) => {
      begun[0]?.fold.push(line);
      return undefined;
    },
  });
  const [start] = begun;
  if (start === undefined) throw new Error(`${name}.fwr has no meta`);
  start.fold.end();
  rows.push(...start.fold.describeDying());
  const sockets: readonly LabSocket[] = JSON.parse(readFileSync(`${ROOT}${FOLDER}${name}.json`, 'utf8'));
  return { name, sockets, ...start, rows, isCut };
};

const print = ({ name, meta, fold, rows, isCut }: Fixture, socket: LabSocket): string => {
  const local = endpoint(socket.family, socket.laddr, socket.lport);
  const any = socket.family === 'ipv6' ? '::' : '0.0.0.0';
  const argument = `${local}->${endpoint(socket.family, socket.raddr ?? any, socket.rport)}`;
  const isWanted = parseSocket(argument);
  const report = createReport({ by: 'cause', limit: 10 });
  for (const row of rows) if (row.netns === socket.netns && isWanted(row)) report.add(row);
  const lines = socketReportLines(reported(report, meta, fold, true, isCut), COLUMNS);
  return [`$ finwait explain ${FOLDER}${name}.fwr --netns ${socket.netns} --socket '${argument}'`, ...lines].join('\n');
};

/** Reads the recordings of `test/fixtures/`. */
export const readCaptures = async (names: readonly string[] = ['lab', 'host']): Promise<Printer> => {
  const fixtures: Fixture[] = [];
  for (const name of names) fixtures.push(await readFixture(name));
  return (scenario) => {
    for (const fixture of fixtures) {
      const socket = fixture.sockets.find((row) => row.scenario === scenario && row.role === 'dying');
      if (socket !== undefined) return print(fixture, socket);
    }
    throw new Error(`no recording of ${FOLDER} holds a socket of the scenario ${scenario}`);
  };
};
