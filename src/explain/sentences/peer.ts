import { counted } from '../../text/count.ts';
import { peerEnd } from '../../text/endpoint.ts';
import { exactSize, size } from '../../text/size.ts';
import type { Subject } from '../evidence/subject.ts';

/** ` after 7 retransmits`; empty if there were none. */
export const afterRetransmits = ({ retransmits }: Subject): string =>
  retransmits === 0 ? '' : ` after ${counted(retransmits, 'retransmit')}`;

/** `our FIN and all data before it (1448 B at the close)`. The figure leaves out nothing that the peer has acknowledged since. */
export const dataOf = ({ unacked_bytes }: Subject): string =>
  unacked_bytes === null || unacked_bytes === 0
    ? 'our FIN'
    : `our FIN and all data before it (${exactSize(unacked_bytes)} at the close)`;

export const lostOf = ({ lost_bytes }: Subject): readonly string[] =>
  lost_bytes === null || lost_bytes === 0
    ? []
    : [
        `${exactSize(lost_bytes)} were never acknowledged: whatever the peer has of them, this application was not told.`,
      ];

/** An address as ss takes it from a shell: IPv6 in brackets, quoted, since a shell takes them for a pattern. */
export const ssAddress = (address: string): string => (address.includes(':') ? `'[${address}]'` : address);

export const lookForPath = (path: Subject, where: string): string =>
  `Look for what drops packets between this host and ${peerEnd(path)}: ss -tino dst ${ssAddress(path.raddr)}, ip route get ${path.raddr}${where}, tcpdump on both ends.${mtuOf(path)}`;

/** Every path lets this much through in one packet, bytes. @see RFC 8200, 5 */
const LEAST_MTU = 1280;

/** A hint for one with enough in flight to fill segments. Nothing that the socket knows tells a black hole from other losses. */
const mtuOf = ({ unacked_bytes, waiting_for, raddr }: Subject): string =>
  waiting_for === 'window' || unacked_bytes === null || unacked_bytes < LEAST_MTU
    ? ''
    : ` If what was smaller than ${exactSize(LEAST_MTU)} got through before, it may be the path MTU: tracepath -n ${raddr} shows it, and net.ipv4.tcp_mtu_probing=1 has the kernel try smaller segments.`;

/** For one whose segments this host holds back, or whose retransmissions did not leave it. */
export const lookHere = (path: Subject, where: string): string =>
  `Look at this host's own way out: ip route get ${path.raddr}, ip -s link, tc -s qdisc show, nft list ruleset${where}; ss -tino dst ${ssAddress(path.raddr)} shows a pacing_rate.`;

export const notReading = (path: Subject): string => {
  const held = path.held_bytes === null ? '' : ` At the close the socket held ${size(path.held_bytes)} of memory here.`;
  return `The application at ${peerEnd(path)} does not read: ss -tnmp there names it.${held}`;
};

export const notClosing = (path: Subject): string =>
  `The application at ${peerEnd(path)} does not close: there the connection is in CLOSE_WAIT, and ss -tanp state close-wait names it.`;

/** For one that was handed to a minisock: nothing is known of what came after. */
export const hadNotClosed = (path: Subject): string =>
  `The FIN of ${peerEnd(path)} had not come when the minisock took over. Until its application closes, the connection is in CLOSE_WAIT there: ss -tanp state close-wait names it.`;

/** True if its data was the reason why it took long, and no packet was lost for it. */
export const tookBytes = ({ waiting_for }: Subject): boolean =>
  waiting_for === 'window' || waiting_for === 'delivering';

/** For an ordinary end that took long. */
export const tookLong = (path: Subject): string =>
  path.waiting_for === 'window'
    ? `The application at ${peerEnd(path)} took long to read: its window was shut.`
    : path.waiting_for === 'delivering'
      ? `It delivered slowly to ${peerEnd(path)}, until all was acknowledged: the application there, the path or this host's pacing set the pace.`
      : `It took ${peerEnd(path)} long to acknowledge ${dataOf(path)}${afterRetransmits(path)}.`;

/** The last process of a pod leaves, and its orphans keep the namespace: then no command reaches it. */
const PID =
  'with the PID of a process that lives there (lsns -t net). If none is left, nobody can enter the namespace, and only its deadline or the peer ends it';

/** @see Linux tcp_abort: its timers stop there, and it is not ended. */
const NOT_ON_5_15 = 'Not on Linux 5.15: there it would stay for ever.';

/**
 * Says how to end it now; nothing if it has ended. For a socket of another namespace the command enters that namespace.
 * Pasted as it is, it must not end a socket of ours with the same addresses and ports.
 */
export const kill = (path: Subject, where: string): readonly string[] => {
  if (path.ended_by !== null) return [];
  const command = `ss -tK dst ${ssAddress(path.raddr)} dport = :${path.rport} sport = :${path.lport}`;
  return [
    where === ''
      ? `To end it now: ${command}. ${NOT_ON_5_15}`
      : `To end it now${where}: nsenter --net=/proc/PID/ns/net ${command}, ${PID}. ${NOT_ON_5_15}`,
  ];
};
