// Gives the output of `finwait explain RECORDING --socket …` for the sockets of test/fixtures/ that docs/causes/ shows.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseSocket } from '../src/cli/socket-argument.ts';
import { createReport } from '../src/explain/report/create-report.ts';
import type { Row } from '../src/explain/report/report.ts';
import type { LabEvent } from '../src/lab/event.ts';
import { socketReportLines } from '../src/output/explain/report-lines.ts';
import { endReport } from '../src/output/explanation.ts';
import { readRecording } from '../src/record/reader.ts';
import { type OpenStream, openStream } from '../src/stream/open-stream.ts';
import { endpoint } from '../src/text/endpoint.ts';

type LabSocket = Extract<LabEvent, { readonly type: 'lab_socket' }>;

/** A recording, read to its end, and the sockets that the lab made to die in it. */
type Fixture = {
  readonly name: string;
  readonly sockets: readonly LabSocket[];
  readonly fold: OpenStream;
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
  const begun: OpenStream[] = [];
  const { isCut } = await readRecording(`${ROOT}${FOLDER}${name}.fwr`, {
    onMeta: (meta) => {
      const fold: OpenStream = openStream(meta, {
        onEnd: (sock) => {
          rows.push(fold.describe(sock));
        },
        onLedger: () => {},
        onNotice: () => {},
      });
      begun.push(fold);
    },
    onLine: (line) => {
      begun[0]?.push(line);
      return undefined;
    },
  });
  const [fold] = begun;
  if (fold === undefined) throw new Error(`${name}.fwr has no meta`);
  fold.end();
  rows.push(...fold.describeDying());
  const sockets: readonly LabSocket[] = JSON.parse(readFileSync(`${ROOT}${FOLDER}${name}.json`, 'utf8'));
  return { name, sockets, fold, rows, isCut };
};

const print = ({ name, fold, rows, isCut }: Fixture, socket: LabSocket): string => {
  const local = endpoint(socket.family, socket.laddr, socket.lport);
  const any = socket.family === 'ipv6' ? '::' : '0.0.0.0';
  const argument = `${local}->${endpoint(socket.family, socket.raddr ?? any, socket.rport)}`;
  const isWanted = parseSocket(argument).isRow;
  const report = createReport({ by: 'cause', limit: 10 });
  for (const row of rows) if (row.netns === socket.netns && isWanted(row)) report.add(row);
  const lines = socketReportLines(endReport(fold, report, true, isCut), COLUMNS);
  return [`$ finwait explain ${FOLDER}${name}.fwr --netns ${socket.netns} --socket '${argument}'`, ...lines].join('\n');
};

/** Reads the recordings of `test/fixtures/`. */
export const readCaptures = async (names: readonly string[] = ['lab', 'host', 'ends', 'slow']): Promise<Printer> => {
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
