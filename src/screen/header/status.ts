import { abnormalWords } from '../../explain/report/abnormal-words.ts';
import type { Stream } from '../../stream/stream.ts';
import { localTimeOfDay } from '../../text/moment.ts';
import type { Meta } from '../../wire/meta.ts';
import type { Status } from '../frame/model.ts';
import type { Level } from './load.ts';

/** Orphans a second that began and ended, and the deaths a second among them that were only counted. */
export type Rates = { readonly entries: number; readonly exits: number; readonly tallied: number };

/** Facts that the store knows beside its source. */
type Beside = {
  readonly sourceName: string;
  readonly phase: Status['phase'];
  /** Null if the rates are unknown. */
  readonly rates: Rates | null;
  readonly level: Level;
  readonly heldBytes: number | null;
  readonly filter: string;
  readonly unmatched: string;
  readonly notice: string;
  readonly staleMs: number | null;
};

/** The header's figures as of now. */
export const statusOf = (source: Stream | null, beside: Beside): Status => {
  const { sourceName, rates, level } = beside;
  const row = source?.tracker.ledger();
  const counters = source?.tracker.counters();
  const hasTime = source !== null && Number.isFinite(source.tracker.now());
  return {
    source: sourceName === '' ? 'live' : 'recording',
    sourceName,
    phase: beside.phase,
    backend: source?.meta.backend ?? '',
    tracer: source === null ? '' : `bpftrace ${source.meta.bpftrace}`,
    clock: source !== null && hasTime ? localTimeOfDay(source.wallClock(source.tracker.now())) : '',
    staleMs: beside.staleMs,
    orphans: row?.orphans ?? null,
    kernelOrphans: row?.kernelOrphans ?? null,
    limit: row?.kernelLimit ?? null,
    drift: row?.drift ?? null,
    inFlight: row?.inFlight ?? 0,
    unlocated: row?.unlocated ?? 0,
    entriesPerSec: rates?.entries ?? null,
    exitsPerSec: rates?.exits ?? null,
    fastDeaths: counters?.tallied ?? 0,
    fastDeathsPerSec: rates?.tallied ?? null,
    minAgeMs: minAgeOf(source?.meta),
    lostEvents: counters?.lostEvents ?? 0,
    outOfOrder: counters?.outOfOrder ?? 0,
    malformed: counters?.malformed ?? 0,
    heldBytes: level.hasDetail ? beside.heldBytes : null,
    heldUnknown: source?.tracker.notReadCount() ?? 0,
    filter: beside.filter,
    unmatched: beside.unmatched,
    abnormal: source !== null && hasTime ? abnormalNow(source) : [],
    overload: level.text,
    notice: beside.notice,
  };
};

/** Counts come once a second. A count that has not grown for this long is over, ns. */
const ABNORMAL_NS = 10e9;
/** Number of sentences about abnormal ends. */
const ABNORMAL = 2;

const abnormalNow = (source: Stream): readonly string[] =>
  source
    .abnormal(source.tracker.now() - ABNORMAL_NS)
    .slice(0, ABNORMAL)
    .map(abnormalWords);

/** Deaths faster than this are only counted, ms; null where nothing says so. */
const minAgeOf = (meta: Meta | undefined): number | null => {
  const ms = meta?.min_age_ms ?? 0;
  return ms > 0 ? ms : null;
};
