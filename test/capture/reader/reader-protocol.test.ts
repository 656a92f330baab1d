import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatMessage,
  formatRequest,
  isMessage,
  parseMessage,
  parseRequest,
  type ReaderMessage,
  type ReaderRequest,
} from '../../../src/capture/reader/reader-protocol.ts';
import { NO_FILTER } from '../../../src/filter/table.ts';
import { Fault } from '../../../src/kernel/fault.ts';

const text = fc.string({ unit: 'binary' });
const range = fc.tuple(fc.nat(32_767), fc.integer({ min: 32_767, max: 65_535 }));
const ports = fc.array(range, { maxLength: 4 });
const request: fc.Arbitrary<ReaderRequest> = fc.record({
  backend: fc.constantFrom('auto', 'fentry', 'kprobe', 'tracepoint'),
  finwaitVersion: text,
  filters: fc.dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    text,
  ),
  only: fc.record({
    pid: fc.option(fc.nat()),
    comm: fc.option(text),
    localPorts: ports,
    remotePorts: ports,
    family: fc.constantFrom(null, 'ipv4', 'ipv6'),
    netns: fc.option(fc.nat()),
    state: fc.constantFrom(null, 'FIN_WAIT1', 'CLOSING'),
    minAgeUs: fc.nat(),
  }),
  minAgeMs: fc.nat(),
  mapKeys: fc.option(fc.nat(9999), { nil: undefined }),
});
const fault = fc
  .record({ what: text, why: text, remedy: text, exitCode: fc.constantFrom(1, 2, 3, 4) })
  .map(({ what, ...detail }) => new Fault(what, detail));
const message: fc.Arbitrary<ReaderMessage> = fc.oneof(
  fc.record({ kind: fc.constant('progress'), text }),
  fc.record({ kind: fc.constant('meta'), json: fc.json() }),
  fc.constantFrom({ kind: 'attached' }, { kind: 'stopped' }),
  fc.record({ kind: fc.constant('failed'), fault }),
  fc.record({ kind: fc.constant('ended'), fault: fc.option(fault) }),
);

describe('how finwait and its reader talk', () => {
  test('a message is one line that no line of the wire can be, and means the same on the other side', () => {
    fc.assert(
      fc.property(message, (said) => {
        const line = formatMessage(said);
        expect(isMessage(line)).toBe(true);
        expect(line).not.toContain('\n');
        const heard = parseMessage(line);
        expect(heard).toEqual(said);
        if (heard.kind === 'failed' && said.kind === 'failed') {
          const { message: what, why, remedy, exitCode } = said.fault;
          expect(heard.fault).toMatchObject({ message: what, why, remedy, exitCode });
        }
      }),
    );
  });

  test('a request means the same on the other side', () => {
    fc.assert(
      fc.property(request, (made) => {
        expect(parseRequest(formatRequest(made))).toEqual(made);
      }),
    );
  });

  test('whatever is no request is refused, and nothing throws', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.json()), (garbage) => {
        expect(parseRequest(garbage)).toBeNull();
      }),
    );
  });

  const whole = {
    backend: 'auto',
    finwaitVersion: '1',
    filters: {},
    only: NO_FILTER,
    minAgeMs: 10,
  };

  test.each([
    { backend: 'bash' },
    { minAgeMs: -1 },
    { minAgeMs: '10' },
    { mapKeys: 1.5 },
    { only: { ...whole.only, pid: '1) || system("id") || (1' } },
    { only: { ...whole.only, netns: 1.5 } },
    { only: { ...whole.only, localPorts: [[80, '443']] } },
    { only: { ...whole.only, remotePorts: [[65_536, 65_536]] } },
    { only: { ...whole.only, family: 'ipx' } },
    { only: { ...whole.only, comm: 1 } },
    { filters: [] },
  ])('%j in a request has it refused', (wrong) => {
    expect(parseRequest(JSON.stringify(whole))).not.toBeNull();
    expect(parseRequest(JSON.stringify({ ...whole, ...wrong }))).toBeNull();
  });

  test.each(['!', '!nonsense', '!progress 1', '!failed {}', '!failed null', '!ended 1', '! attached'])(
    '%j is a bug, and says so',
    (line) => {
      expect(() => parseMessage(line)).toThrow();
    },
  );
});
