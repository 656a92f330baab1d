import { counted, thousands } from '../../text/count.ts';
import type { Report, ReportEnd, Row } from './report.ts';

/** A gap that every socket has while it still is dying. It casts no doubt on the earlier observations. */
const STILL_DYING = 'capture_ended';

/** The gaps in the observation of a socket, by their names in docs/close-path.md. */
export const doubtsOf = (row: Row): readonly string[] =>
  row.type === 'dying' ? row.gaps.filter((gap) => gap !== STILL_DYING) : row.gaps;

export const isUncertain = (row: Row): boolean => doubtsOf(row).length > 0;

/** Says why the counts of a report may be wrong, or why it may say more than was seen; empty if there is no doubt. */
export const doubtSentences = (
  report: Pick<Report, 'loss' | 'orphans' | 'died' | 'lingering'>,
  end: Pick<ReportEnd, 'ledger' | 'isCut' | 'isFiltered'>,
): readonly string[] => {
  const { loss, orphans, died } = report;
  const { ledger } = end;
  const sentences: string[] = [];
  if (end.isCut) sentences.push('the recording is cut off: what came later is not in it');
  if (loss.lost_events > 0) sentences.push(`${counted(loss.lost_events, 'event')} lost: the counts are not exact`);
  if (loss.malformed > 0) sentences.push(`${counted(loss.malformed, 'line')} could not be read`);
  if (loss.late_events > 0) sentences.push(`${counted(loss.late_events, 'event')} came out of order`);
  if (ledger !== null && ledger.unlocated > 0) {
    sentences.push(
      `${counted(ledger.unlocated, 'orphan')} of the host in namespaces that could not be read: counted, not described`,
    );
  }
  if (ledger?.drift != null && Math.abs(ledger.drift) > ledger.inFlight) {
    sentences.push(`our count and the kernel's differ by ${counted(Math.abs(ledger.drift), 'orphan')}`);
  }
  const uncertain = orphans.totals.uncertain + died.totals.uncertain;
  const all = orphans.totals.count + died.totals.count;
  if (uncertain > 0)
    sentences.push(`${thousands(uncertain)} of ${counted(all, 'socket')} not wholly observed, or not decided (~)`);
  if (orphans.totals.age_unknown > 0) {
    sentences.push(
      `${counted(orphans.totals.age_unknown, 'orphan')} closed before finwait watched, or their close was missed: their age is not known`,
    );
  }
  return sentences;
};
