import { describe, expect, test } from 'vitest';
import { createServicePorts } from '../../../src/explain/report/ports.ts';

const portsOf = (pairs: readonly (readonly [number, number | null])[]): readonly string[] => {
  const ports = createServicePorts();
  const rows = pairs.map(([lport, rport]) => ({ lport, rport }));
  for (const row of rows) ports.see(row);
  return rows.map(ports.of);
};

describe("the service's port", () => {
  test('is the one that more sockets have on its side, though it be the higher one', () => {
    expect(
      portsOf([
        [40_000, 50_051],
        [40_001, 50_051],
      ]),
    ).toEqual(['remote port 50051', 'remote port 50051']);
    expect(
      portsOf([
        [50_051, 40_000],
        [50_051, 40_001],
      ]),
    ).toEqual(['local port 50051', 'local port 50051']);
  });

  test('is probably the lower one, where both came equally often', () => {
    expect(portsOf([[443, 51_234]])).toEqual(['probably local port 443']);
    expect(portsOf([[51_234, 443]])).toEqual(['probably remote port 443']);
  });

  test('is the only one of what was never connected', () => {
    expect(portsOf([[21_001, 0]])).toEqual(['local port 21001']);
  });

  test('is the only one that is known, though it be the higher one', () => {
    expect(portsOf([[21_001, null]])).toEqual(['local port 21001']);
  });
});
