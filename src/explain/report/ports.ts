import { createFrequent } from './frequent.ts';
import type { Row } from './report.ts';

type Ports = Pick<Row, 'lport' | 'rport'>;

export type ServicePorts = {
  readonly see: (row: Ports) => void;
  /** `local port 443`, `remote port 50051`; `probably local port 443` where only the lower number speaks for it. */
  readonly of: (row: Ports) => string;
};

/**
 * Tells which of a socket's two ports is the service's: the one that more sockets have on that side, since each client
 * has a different port. If both are equally common it is probably the lower one, since a client's port usually comes
 * from the ephemeral range.
 */
export const createServicePorts = (): ServicePorts => {
  const locals = createFrequent<null>();
  const remotes = createFrequent<null>();
  return {
    see: ({ lport, rport }) => {
      locals.add(String(lport), null);
      if (rport !== null && rport !== 0) remotes.add(String(rport), null);
    },
    of: ({ lport, rport }) => {
      if (rport === null || rport === 0) return `local port ${lport}`;
      const local = locals.countOf(String(lport));
      const remote = remotes.countOf(String(rport));
      if (local > remote) return `local port ${lport}`;
      if (remote > local) return `remote port ${rport}`;
      return rport < lport ? `probably remote port ${rport}` : `probably local port ${lport}`;
    },
  };
};
