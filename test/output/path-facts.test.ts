import { describe, expect, test } from 'vitest';
import { factsText, factText, type Hand, pathFacts, valueText } from '../../src/output/path-facts.ts';
import { shortDuration } from '../../src/text/duration.ts';
import { shortSize } from '../../src/text/size.ts';
import { aDying, aPath } from '../builders/rows.ts';

const HAND: Hand = { unknown: '?', us: shortDuration, bytes: shortSize };

describe('a fact of a close path', () => {
  test('has its label before a text, and behind an amount', () => {
    const facts = pathFacts(aPath({ netns: 7, uid: null, held_bytes: 131_072, retransmits: 1, probes: null }));
    expect(factsText([facts.netns, facts.uid, facts.memory], HAND)).toBe('netns 7, uid ?, 128K of kernel memory');
    expect(factsText([facts.retransmits, facts.probes], HAND)).toBe('1 retransmit, ? unanswered window probes');
    expect(valueText(facts.memory, HAND)).toBe('128K');
  });

  test('says who closed it, that nobody did, or that it is not known', () => {
    const closer = { pid: 9, comm: 'nginx', exiting: true, exit_signal: 9, exit_status: null };
    expect(factText(pathFacts(aPath({ closer })).closer, HAND)).toBe('closed by nginx[9], exiting, killed by signal 9');
    expect(pathFacts(aPath({ closer: null, how: 'listener' })).closer.value).toBe('no process (listener)');
    expect(pathFacts(aPath({ closer: null, how: 'unknown' })).closer.value).toBe(null);
  });

  test('has a deadline only while it is dying, and only where it is known', () => {
    const at = { deadline_at: '2026-05-04T12:36:00.1Z', deadline_expected_at: '2026-05-04T12:36:10.1Z' };
    const known = aDying({ deadline: 'at', ...at });
    expect(pathFacts(known).deadline.value).toBe('not before 2026-05-04 12:36:00 UTC, about 12:36:10 UTC');
    expect(pathFacts({ ...known, deadline_expected_at: at.deadline_at }).deadline.value).toBe(
      'not before 2026-05-04 12:36:00 UTC',
    );
    expect(pathFacts(aDying({ deadline: 'never', deadline_at: null })).deadline.value).toBe('never');
    expect(pathFacts(aDying({ deadline: 'unknown', deadline_at: null })).deadline.value).toBe(null);
    expect(pathFacts(aPath()).deadline.value).toBe(null);
  });
});
