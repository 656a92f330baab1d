import type { AbnormalDeaths } from '../../src/explain/abnormal.ts';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { readRecording } from '../../src/record/reader.ts';
import { type OpenStream, openStream } from '../../src/stream/open-stream.ts';

/** Orphans that the kernel killed inside close(), in a guest whose tcp_max_orphans was passed. */
export type Kills = {
  readonly port: number;
  readonly pid: number;
  readonly closed: number;
  /** TCPAbortOnMemory of their namespace. */
  readonly killed: number;
};

/** Samples of one kind that are announced in full, a second. */
const SAMPLES = 20;

/** An older one may be told of for its age, and is no sample then. @see probes/parts/deferred/end-count.bt */
const YOUNG_US = 9_800;

/** The faults in what was told of them by a capture that announces only old sockets and samples. */
export const faultsOfKills = (
  { port, pid, closed, killed }: Kills,
  abnormal: readonly AbnormalDeaths[],
  rows: readonly ClosePath[],
  lost: number,
): readonly string[] => {
  const ours = abnormal.filter((each) => each.ended_by === 'orphan_limit' && each.port === port);
  const [named] = ours;
  const samples = rows.filter(({ rport, ended_by }) => rport === port && ended_by === 'orphan_limit');
  const young = samples.filter(({ dying_us }) => dying_us !== null && dying_us < YOUNG_US).length;
  const other = rows.filter(
    ({ rport, closer, ended_by, closed_in }) =>
      rport === port && closer?.pid === pid && closed_in === 'ESTABLISHED' && ended_by === 'unknown',
  );
  return [
    ...(killed > closed / 2 ? [] : [`the kernel killed ${killed} of ${closed}`]),
    ...(ours.length === 1 && named?.comm === 'python3' && named.pid === pid
      ? []
      : [
          `they are named as ${ours.map((each) => `${each.count} of ${each.comm}[${each.pid}]`).join(', ') || 'nothing'}`,
        ]),
    ...(Math.abs((named?.count ?? 0) - killed) <= lost ? [] : [`${named?.count ?? 0} are counted, not ${killed}`]),
    ...((named?.per_second ?? 0) > 0 ? [] : ['they have no rate']),
    ...(samples.length >= Math.min(SAMPLES, killed) - lost ? [] : [`${samples.length} samples are told of`]),
    ...(named === undefined || (named.sampled >= young - lost && named.sampled <= samples.length)
      ? []
      : [`${named.sampled} samples are counted, and ${samples.length} told of`]),
    ...(other.length === 0 ? [] : [`${other.length} rows of them are unknown`]),
  ].map((text) => `kills at the limit: ${text}`);
};

/** @param lost - events that the capture has lost, of whatever socket, and those that it may have lost uncounted */
export const judgeKills = async (file: string, kills: Kills, lost: number): Promise<readonly string[]> => {
  const rows: ClosePath[] = [];
  let fold: OpenStream | null = null;
  await readRecording(file, {
    onMeta: (meta) => {
      const opened = openStream(meta, {
        onEnd: (sock) => rows.push(opened.describe(sock)),
        onLedger: () => {},
        onNotice: () => {},
      });
      fold = opened;
    },
    onLine: (line) => {
      fold?.push(line);
      return undefined;
    },
  });
  const opened = fold as OpenStream | null;
  opened?.end();
  return faultsOfKills(kills, opened?.abnormal() ?? [], rows, lost);
};
