import { adviceOpen, becauseOpen } from '../explain/open-socket.ts';
import type { OpenSocket, OpenSockets } from '../kernel/open-socket.ts';

/** The sockets that `--socket` asks for and that are not dying, as they were read at that time (RFC 3339). */
export type OpenReading = OpenSockets & { readonly at: string };

/** The `open_socket` record of `explain --socket --json`: a socket that is not dying. */
export const openSocketRecord = (open: OpenSocket, { at, notes }: OpenReading): object => {
  const { netns_path: _path, is_own_netns: _own, ...told } = open;
  return {
    type: 'open_socket',
    read_at: at,
    ...told,
    because: becauseOpen(open),
    advice: adviceOpen(open, notes),
    notes,
  };
};
