import type { Counters } from '../../lifecycle/tracker.ts';
import { answerOf } from './answer.ts';
import { doubtSentences } from './doubt.ts';
import { createGroups } from './groups.ts';
import type { HostState } from './host-state.ts';
import { keyOf } from './keys.ts';
import { createPeerGroups } from './peer-groups.ts';
import { createServicePorts } from './ports.ts';
import type { Grouping, Loss, Report, ReportEnd, Row } from './report.ts';
import { createSlowest } from './slowest.ts';
import { createOwners } from './whose.ts';

export type ReportOptions = {
  readonly by: Grouping;
  /** Number of single sockets that are kept. */
  readonly limit: number;
};

export type ReportFold = {
  /** Adds a finished path, or a socket that still is dying when the stream ends. Call it once for each. */
  readonly add: (row: Row) => void;
  readonly end: (end: ReportEnd) => Report;
};

/** Number of rows that wait until it is clear which ports are a service's and which a client's. */
const MAX_HELD = 2048;

/**
 * Folds close paths into the report of `finwait explain`, one at a time and in bounded space. So a recording of any
 * length can be explained.
 */
export const createReport = ({ by, limit }: ReportOptions): ReportFold => {
  const orphans = by === 'peer' ? createPeerGroups() : createGroups();
  const died = by === 'peer' ? createPeerGroups() : createGroups();
  const orphanOwners = createOwners();
  const deadOwners = createOwners();
  const slowestDying = createSlowest(limit);
  const slowestDead = createSlowest(limit);
  let lingering = 0;
  let diedAsOrphans = 0;
  const ports = createServicePorts();
  const held: Row[] = [];

  const fold = (row: Row): void => {
    const port = ports.of(row);
    const key = keyOf(row, by, port);
    if (row.type === 'dying') {
      orphans.add(row, key);
      orphanOwners.add(row, port);
    } else {
      died.add(row, key);
      deadOwners.add(row, port);
    }
  };

  const foldHeld = (): void => {
    for (const row of held) fold(row);
    held.length = 0;
  };

  return {
    add: (row) => {
      if (row.type === 'dying') {
        slowestDying.add(row);
        if (row.waiting_for === 'linger') {
          lingering++;
          return;
        }
      } else {
        slowestDead.add(row);
        if (row.orphan_us !== null || row.gaps.includes('older_than_capture')) diedAsOrphans++;
      }
      ports.see(row);
      held.push(row);
      if (held.length >= MAX_HELD) foldHeld();
    },
    end: (end) => {
      foldHeld();
      const report = {
        by,
        from: end.from,
        until: end.until,
        orphans: orphans.section(),
        lingering,
        died: died.section(),
        died_as_orphans: diedAsOrphans,
        tallied: end.counters?.tallied ?? 0,
        abnormal: end.abnormal,
        sockets: [...slowestDying.rows(), ...slowestDead.rows()].slice(0, limit),
        host: hostOf(end),
        loss: lossOf(end.counters),
      };
      const doubts = doubtSentences(report, end);
      const isAboutOrphans = report.orphans.totals.count > 0;
      const whose = (isAboutOrphans ? orphanOwners : deadOwners).largest();
      const answer = answerOf({ ...report, doubts }, end, whose);
      return { answer, doubts, ...report };
    },
  };
};

/** The host's figures, replaced by the ledger's if the ledger has them. */
const hostOf = ({ host, ledger }: ReportEnd): HostState => ({
  ...host,
  orphans: ledger?.orphans ?? host.orphans,
  kernelOrphans: ledger?.kernelOrphans ?? host.kernelOrphans,
  limit: ledger?.kernelLimit ?? host.limit,
});

const lossOf = (counters: Counters | null): Loss => ({
  lost_events: counters?.lostEvents ?? 0,
  late_events: counters?.outOfOrder ?? 0,
  malformed: counters?.malformed ?? 0,
  unannounced: counters?.unannounced ?? 0,
});
