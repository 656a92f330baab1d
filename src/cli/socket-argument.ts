import { InvalidArgumentError } from 'commander';
import type { Row } from '../explain/report/report.ts';
import { endpoint, localEnd, peerEnd } from '../text/endpoint.ts';

type Ends = Pick<Row, 'family' | 'raddr' | 'lport'> & { readonly laddr: string; readonly rport: number };

/** The socket that `--socket` names. */
export type SocketArgument = {
  readonly isRow: (row: Row) => boolean;
  /** For a socket that is not dying; null: it is named by the address of its struct sock, which only the probes tell. */
  readonly isOpen: ((ends: Ends) => boolean) | null;
};

/**
 * `--socket`: the address of a struct sock, with or without `/GENERATION`; two endpoints with `->`, `,` or a space
 * between, the local one first; or one endpoint, of either side.
 *
 * @throws InvalidArgumentError when it is none of these
 */
export const parseSocket = (text: string): SocketArgument => {
  const sk = /^(?:0x)?([0-9a-f]{6,16})(?:\/(\d{1,9}))?$/i.exec(text);
  if (sk !== null) {
    const address = bare(sk[1] ?? '');
    const generation = sk[2] === undefined ? null : Number(sk[2]);
    return {
      isRow: (row) =>
        row.sk !== null && bare(row.sk) === address && (generation === null || row.generation === generation),
      isOpen: null,
    };
  }
  const [first, second, ...more] = text.split(/\s*(?:->|>|,|\s)\s*/).filter((part) => part !== '');
  if (first === undefined || more.length > 0 || !isEndpoint(first) || !isEndpoint(second ?? first)) {
    throw new InvalidArgumentError(
      "give 'ADDR:PORT->ADDR:PORT', one ADDR:PORT (IPv6 in brackets), or the sk as --json shows it, with /GENERATION",
    );
  }
  const fits = (local: string, peer: string): boolean =>
    second === undefined ? first === local || first === peer : first === local && second === peer;
  return {
    isRow: (row) => fits(localEnd(row), peerEnd(row)),
    isOpen: ({ family, laddr, lport, raddr, rport }) =>
      fits(endpoint(family, laddr, lport), endpoint(family, raddr, rport)),
  };
};

const bare = (hex: string): string => hex.toLowerCase().replace(/^0+/, '');

const isEndpoint = (text: string): boolean => /^(?:\d+(?:\.\d+){3}|\[[0-9a-f:.]+\]):\d{1,5}$/.test(text);
