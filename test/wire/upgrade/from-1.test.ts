import { expect, test } from 'vitest';
import { createDecoder } from '../../../src/wire/decode.ts';
import { parseAnnounce } from '../../../src/wire/evidence.ts';
import { announceLine } from '../../builders/wire-lines.ts';

const HELLO = 'H 1 tracepoint 1826506448351 1795236568.703725';
const EVIDENCE =
  '302000001cd 0 7b19717c7b197100 7b19717c00010000 3300000000 5d5905d590 98000000200 20000000 7b19717d7b19717c 0 0 5d5900005d590 f003a9800000001';
const REST =
  'effffff9 3e800000000 1b 0 20010bb01 100000a0200000a 0 ffff00000100000a 0 ffff00000200000a 5d7700005d77 400040 0 0 0 0';
const COMM = '6e 67 69 6e 78 00 00 00 00 00 00 00 00 00 00 00';
const AT = '1829661294695 ffff88813cacc0c0 3';
/** Lines as version 1 had them: never to be changed. */
const LINES = {
  A: `A ${AT} ${EVIDENCE} ${REST} ${COMM}`,
  L: `L ${AT} ${EVIDENCE} ${REST} 1aa004f0002 7b1971007b19717c 30010 ${COMM}`,
};

test.each(Object.entries(LINES))(
  'in an %s line of version 1 the sizes of the buffers are unknown, and all else is known',
  (_letter, line) => {
    const decode = createDecoder();
    decode(HELLO);
    const event = decode(line);
    if (event?.kind !== 'announce') throw new Error('no announcement');
    const detail = parseAnnounce(event.line);
    expect([detail.sndbuf, detail.rcvbuf]).toEqual([null, null]);
    expect(detail).toMatchObject({ netns: 0xeffffff9, uid: 1000, raddr: '10.0.0.2', dataSegsIn: 1, comm: 'nginx' });
  },
);

test('a line of version 2 says them; 0 is unknown there too', () => {
  expect(parseAnnounce(announceLine({ sndbuf: 87_040, rcvbuf: 131_072 }))).toMatchObject({
    sndbuf: 87_040,
    rcvbuf: 131_072,
  });
  expect(parseAnnounce(announceLine())).toMatchObject({ sndbuf: null, rcvbuf: null });
});

test.each(Object.values(LINES))(
  'a line of version 1 in a stream that says it is of version 2 is malformed: %s',
  (line) => {
    const decode = createDecoder();
    decode(HELLO.replace('H 1', 'H 2'));
    expect(decode(line)).toEqual({ kind: 'malformed', line });
  },
);
