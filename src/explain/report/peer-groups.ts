import { createGroups, type Grouped } from './groups.ts';
import { peerNetwork } from './keys.ts';

/** A table for people shows so many groups. */
const MOST_ADDRESSES = 10;

/**
 * Counts sockets by the address of their peer. Where there are too many addresses to show each, those of one network
 * are one group; a network of which only one address is there is still named by it.
 */
export const createPeerGroups = (): Pick<Grouped, 'add' | 'section'> => {
  const byAddress = createGroups();
  const byNetwork = createGroups();
  return {
    add: (row, address) => {
      byAddress.add(row, address);
      byNetwork.add(row, peerNetwork(row), address);
    },
    section: () => (byAddress.keys() <= MOST_ADDRESSES ? byAddress : byNetwork).section(),
  };
};
