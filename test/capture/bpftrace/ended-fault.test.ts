import { describe, expect, test } from 'vitest';
import { endedFault } from '../../../src/capture/bpftrace/attach-fault.ts';

const WARNING = 'stdin:12:1-5: WARNING: Addrspace is not set';
const ERROR = 'ERROR: Failed to read from the ring buffer';
const killed = { signal: 'SIGKILL', failed: true };
const exited = { exitCode: 1, failed: true };

describe('a bpftrace that ended by itself', () => {
  test('by a signal: the signal is the reason, and no warning of before is', () => {
    for (const messages of [[], [WARNING], ["map is full; can't update element", WARNING]]) {
      const { message, why } = endedFault(killed, messages);
      expect(message).toBe('bpftrace ended by itself (killed by SIGKILL)');
      expect(why).toBe('signal 9 (SIGKILL) killed it, so it said no reason; events after that moment are not known');
    }
  });

  test('by a signal: an error of before is told as one of before', () => {
    expect(endedFault(killed, [ERROR, WARNING]).why).toMatch(
      /^signal 9 .* its last error before: ERROR: Failed to read/,
    );
  });

  test('by an exit code: its last error, else its last words, is the reason; a warning is not', () => {
    expect(endedFault(exited, [ERROR, 'more words', WARNING]).why).toBe(ERROR);
    expect(endedFault(exited, ['its last words', WARNING]).why).toBe('its last words');
    expect(endedFault(exited, [WARNING]).why).toMatch(/^it said nothing/);
  });
});
