const NEWLINE = 0x0a;
const COLON = 0x3a;
/** The line's number and its colon are no longer than this. */
const LONGEST_NUMBER = 12;
/** From the first digit of the local address to the state, in a line of tcp and of tcp6. */
const TO_STATE = { ipv4: '0100007F:1F90 0100007F:0016 '.length, ipv6: `${'0'.repeat(32)}:1F90 `.length * 2 };
/**
 * The state as a line has it. A TIME_WAIT socket is no struct sock, so the probes never see it.
 *
 * @see Linux include/net/tcp_states.h
 */
const TIME_WAIT = Buffer.from('06');

export type Sieve = {
  /** The next bytes of a table, cut off anywhere. */
  readonly push: (bytes: Buffer) => void;
  /** The lines that stay, and whether the last line was whole. */
  readonly end: () => { readonly text: string; readonly isWhole: boolean };
};

/**
 * Takes the lines of TIME_WAIT sockets out of /proc/net/tcp and tcp6 while they are read. There may be a million of
 * them, none is an orphan, and as text they would take hundreds of MB and seconds.
 *
 * @see Linux net/ipv4/tcp_ipv4.c, get_timewait4_sock
 */
export const withoutTimeWait = (): Sieve => {
  const kept: string[] = [];
  let rest: Buffer = Buffer.alloc(0);
  const push = (bytes: Buffer): void => {
    const data = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    // Adjoining lines that stay are taken as one.
    let from = 0;
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      if (isTimeWait(data, start)) {
        if (from < start) kept.push(data.toString('latin1', from, start));
        from = end + 1;
      }
      start = end + 1;
    }
    if (from < start) kept.push(data.toString('latin1', from, start));
    // The part kept for the next turn must not hold on to the reader's buffer.
    rest = Buffer.from(data.subarray(start));
  };
  return { push, end: () => ({ text: kept.join('') + rest.toString('latin1'), isWhole: rest.length === 0 }) };
};

const isTimeWait = (data: Buffer, start: number): boolean => {
  let colon = start;
  while (data[colon] !== COLON && colon < start + LONGEST_NUMBER) colon++;
  const address = colon + 2;
  const state = address + (data[address + 8] === COLON ? TO_STATE.ipv4 : TO_STATE.ipv6);
  return data[state] === TIME_WAIT[0] && data[state + 1] === TIME_WAIT[1];
};
