import { causeOf } from '../cause-of.ts';
import type { Cause } from '../close-path.ts';
import { createGroups } from './groups.ts';
import { closerName, peerNetwork, servicePort } from './keys.ts';
import type { Group, Row } from './report.ts';

/** The largest set of sockets of one closer, one peer network and one service port. */
export type Whose = {
  readonly closer: string;
  readonly network: string;
  readonly port: string;
  readonly group: Group;
  /** A peer's address for each cause: where to look. */
  readonly peerOf: ReadonlyMap<Cause, string>;
};

export const createOwners = (): { add: (row: Row) => void; largest: () => Whose | null } => {
  const groups = createGroups();
  const peerOf = new Map<Cause, string>();
  return {
    add: (row) => {
      groups.add(row, JSON.stringify([closerName(row), peerNetwork(row), servicePort(row)]));
      const cause = causeOf(row);
      if (!peerOf.has(cause) && row.rport !== 0) peerOf.set(cause, row.raddr);
    },
    largest: () => {
      const group = groups.section().groups.find(({ is_other }) => !is_other);
      if (group === undefined) return null;
      const [closer = '', network = '', port = '']: readonly string[] = JSON.parse(group.key);
      return { closer, network, port, group, peerOf };
    },
  };
};
