import { expect, test } from 'vitest';
import { Fault } from '../../src/kernel/fault.ts';
import { stateName, TCP, TCP_STATES } from '../../src/kernel/tcp-state.ts';

test('the states have the numbers of include/net/tcp_states.h', () => {
  expect(TCP_STATES.slice(1)).toEqual([
    'ESTABLISHED',
    'SYN_SENT',
    'SYN_RECV',
    'FIN_WAIT1',
    'FIN_WAIT2',
    'TIME_WAIT',
    'CLOSE',
    'CLOSE_WAIT',
    'LAST_ACK',
    'LISTEN',
    'CLOSING',
    'NEW_SYN_RECV',
  ]);
});

test('every number of TCP is the place of its name', () => {
  for (const [name, number] of Object.entries(TCP)) expect(stateName(number)).toBe(name);
});

test.each([13, 255, -1, 1.5, Number.NaN])('%s is no state', (number) => {
  expect(stateName(number)).toBe('UNKNOWN');
});

test('a fault is an error with why, remedy and exit code', () => {
  const fault = new Fault('it broke', { why: 'because', remedy: 'mend it', exitCode: 3 });
  expect(fault).toBeInstanceOf(Error);
  expect(fault).toMatchObject({ name: 'Fault', message: 'it broke', why: 'because', remedy: 'mend it', exitCode: 3 });
});
