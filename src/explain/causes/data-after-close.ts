import { TCP } from '../../kernel/tcp-state.ts';
import { counted } from '../../text/count.ts';
import { peerEnd } from '../../text/endpoint.ts';
import { READ_IN_TIME } from '../sentences/notes.ts';
import { lostOf } from '../sentences/peer.ts';
import { type EndingCause, NO, yes } from './cause.ts';

export const dataAfterClose: EndingCause<'data_after_close'> = {
  name: 'data_after_close',
  title: 'the peer sent data after our close',
  meaning:
    'Data arrived that nobody can read any more; this host answered with a reset (TCPAbortOnData), and the peer may lose what it had not read yet. Where a FIN_WAIT2 minisock had taken over, no TCPAbortOnData counts it.',
  looksLike:
    'FIN_WAIT1 or FIN_WAIT2, then data from the peer and a RST from this host; `nstat -az TcpExtTCPAbortOnData` grows. By a minisock only `TcpOutRsts` grows.',
  why: 'close() shut both halves. Data that arrives now can be given to nobody, and TCP must say so with a reset. The peer may lose data it had received and not read.',
  helps: [
    `Let this application say that it ends, then read to the end: shutdown(SHUT_WR), read until 0, close(). ${READ_IN_TIME}`,
    'Look at what the peer still sends: a protocol without a length or a goodbye invites this, as does a client that gives up in the middle of a download.',
  ],
  doesNotHelp: [
    'SO_LINGER with a time does not help: it waits until the peer has acknowledged our data, not until it sends no more.',
    'No sysctl changes it: net.ipv4.tcp_fin_timeout only shortens the time in which it can happen.',
  ],
  howKnown:
    'tcp:tcp_receive_reset fires although no RST came (the kernel calls tcp_reset), and after it comes a reset of ours that answers a segment. From Linux 6.10 on tcp:tcp_send_reset also tells of a minisock in FIN_WAIT2 that sends one; it is counted by port, peer and closer, since the row of its socket was mostly told before.',
  knownBy:
    'the same tracepoint (the kernel calls tcp_reset), then a reset of ours that answers the segment; certain where data_segs_in grew. Or, where the data came with the ACK of our FIN, that reset alone, out of FIN_WAIT2 and without an error',
  cites: 'tcp_rcv_state_process, tcp_reset (net/ipv4/tcp_input.c)',
  scenario: 'data_after_close',
  side: 'peer',
  isHarmless: false,
  /** @see Linux tcp_rcv_state_process (TCPAbortOnData), tcp_reset */
  question: ({ phase, from, err, received, answered, dataSegsAfter, record }) => {
    if (phase !== 'after_close' || !answered) return NO;
    if (!received && record.sock.resets.some(({ state }) => state === TCP.TIME_WAIT)) {
      return yes('handed to a FIN_WAIT2 minisock, which at once met data from the peer and answered with a reset');
    }
    if (!received) {
      // In FIN_WAIT1 the segment that acknowledges our FIN may bring data: the kernel then calls tcp_done, not
      // tcp_reset.
      return from === TCP.FIN_WAIT2 && err === 0 && record.detail.linger2 >= 0
        ? yes('the peer sent data with its ACK of our FIN, after the close, and was answered with a reset')
        : NO;
    }
    const came = dataSegsAfter === null ? '' : ` (${counted(dataSegsAfter, 'data segment')})`;
    return yes(`the peer sent data after the close${came} and was answered with a reset`, {
      certain: dataSegsAfter !== 0,
    });
  },
  advice: (path) => [
    `${peerEnd(path)} still sent: let this application call shutdown(SHUT_WR) and read until 0, with a time limit, before close().`,
    ...lostOf(path),
    "SO_LINGER would not help: it waits for acknowledgements of our data, not for the end of the peer's.",
  ],
};
