import { expect, test } from 'vitest';
import { ledgerRecord } from '../../../src/stream/records/ledger.ts';
import { track } from '../../builders/track.ts';
import {
  announceLine,
  inventoryEndLine,
  lostLine,
  ms,
  sampleLine,
  tallyLine,
  tickLine,
} from '../../builders/wire-lines.ts';

test('a ledger record has every field of the contract, none renamed, with what the tracker counted', () => {
  const { tracker } = track().feed(
    inventoryEndLine(0),
    sampleLine(ms(1), 4),
    tickLine(ms(50)),
    announceLine({ at: ms(60) }),
    lostLine(ms(61), 5),
    tallyLine(ms(62), 3),
  );
  tracker.addMalformed();
  const record = ledgerRecord(tracker.ledger(), tracker.counters(), 'then');
  expect(record).toMatchObject({
    type: 'ledger',
    at: 'then',
    entries: 4,
    exits: 3,
    tallied: 3,
    orphans: 5,
    kernel_orphans: 4,
    kernel_limit: 16_384,
    unlocated: 4,
    drift: 0,
    lost_events: 5,
    late_events: 0,
    malformed: 1,
  });
});

test('what is not known yet is null', () => {
  const { tracker } = track();
  expect(ledgerRecord(tracker.ledger(), tracker.counters(), 'then')).toMatchObject({
    orphans: null,
    kernel_orphans: null,
    kernel_limit: null,
    drift: null,
  });
});
