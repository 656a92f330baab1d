import { type Printable, safe, trusted } from './printable.ts';
import { cut, widthOf } from './width.ts';

/**
 * `addr:port` in at most `width` columns. The port stays, and of the address its end: peers of one network are alike in
 * the beginning, `…0.1.21:8443` and `…0.1.22:8443` are not.
 */
export const endpointColumn = (endpoint: Printable, width: number): Printable => {
  if (widthOf(endpoint) <= width) return endpoint;
  const colon = endpoint.lastIndexOf(':');
  const port = trusted(endpoint.slice(Math.max(0, colon)));
  const room = width - widthOf(port);
  return room < 4 ? cut(port, width) : safe`${cut(trusted(endpoint.slice(0, colon)), room, 'start')}${port}`;
};
