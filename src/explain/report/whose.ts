import { causeOf } from '../cause-of.ts';
import type { Cause } from '../close-path.ts';
import { createFrequent, type Frequent, type FrequentKeys } from './frequent.ts';
import { closerName, NO_PEER, peerAddress, peerNetwork } from './keys.ts';
import type { Row } from './report.ts';

/** A name with a smaller share than this, in percent, is nothing that the sockets have in common. */
const LEAST_SHARE = 25;

/** The largest closer, peer network or port of some sockets. */
export type Share = {
  readonly name: string;
  readonly count: number;
  /** `count` may be too low. */
  readonly isAtLeast: boolean;
  readonly percent: number;
};

/** A place to look for the reason of a cause: a peer of its most frequent network, in one namespace. */
export type Example = { readonly raddr: string | null; readonly netns: number };

/** The closer, network and port that most of the sockets have in common; null if none has a quarter of them. */
export type Whose = {
  /** Sockets whose close was not observed. */
  readonly unobserved: Share | null;
  readonly closer: (Share & { readonly pid: number | null }) | null;
  /** `address`: the only one of that network; null where there were several, or no peer. */
  readonly network: (Share & { readonly address: string | null }) | null;
  readonly port: Share | null;
  readonly exampleOf: (cause: Cause) => Example | null;
};

export type Owners = {
  /** @param port - the service's port, by ports.ts */
  readonly add: (row: Row, port: string) => void;
  /** Null if there were no sockets. */
  readonly largest: () => Whose | null;
};

const NOT_OBSERVED = '(not observed)';

export const createOwners = (): Owners => {
  let total = 0;
  const closers = createFrequent<number | null>();
  const networks = createFrequent<string>();
  const ports = createFrequent<null>();
  const examples = new Map<Cause, FrequentKeys<Example>>();

  const shareOf = (found: Frequent<unknown> | null): Share | null => {
    if (found === null) return null;
    const percent = (found.count / total) * 100;
    return percent < LEAST_SHARE ? null : { name: found.key, count: found.count, isAtLeast: !found.isExact, percent };
  };

  const networkOf = (found: Frequent<string> | null): Whose['network'] => {
    const share = shareOf(found);
    if (share === null || found === null) return null;
    return { ...share, address: found.isOneValue && found.isExact && found.value !== NO_PEER ? found.value : null };
  };

  return {
    add: (row, port) => {
      total++;
      const network = peerNetwork(row);
      closers.add(closerName(row), row.closer?.pid ?? null);
      networks.add(network, peerAddress(row));
      ports.add(port, null);
      const cause = causeOf(row);
      let found = examples.get(cause);
      if (found === undefined) {
        found = createFrequent();
        examples.set(cause, found);
      }
      found.add(`${network} ${row.netns}`, { raddr: row.rport === 0 ? null : row.raddr, netns: row.netns });
    },
    largest: () => {
      if (total === 0) return null;
      const named = closers.largest((name) => name !== NOT_OBSERVED);
      const closer = shareOf(named);
      return {
        unobserved: shareOf(closers.largest((name) => name === NOT_OBSERVED)),
        closer:
          closer === null || named === null
            ? null
            : { ...closer, pid: named.isOneValue && named.isExact ? named.value : null },
        network: networkOf(networks.largest()),
        port: shareOf(ports.largest()),
        exampleOf: (cause) => examples.get(cause)?.largest()?.value ?? null,
      };
    },
  };
};
