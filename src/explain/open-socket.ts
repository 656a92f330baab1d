import type { InFlight, OpenHolder, OpenSocket } from '../kernel/open-socket.ts';
import type { TcpState } from '../kernel/tcp-state.ts';
import { counted, thousands } from '../text/count.ts';
import { duration } from '../text/duration.ts';
import { bothEnds, endpoint } from '../text/endpoint.ts';

type Named = { readonly pid: number; readonly comm: string };

const name = ({ comm, pid }: Named): string => `${comm}[${pid}]`;

const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

/** States in which ss -K ends it with a reset. @see Linux net/ipv4/tcp.c, tcp_need_reset */
const IS_RESET: readonly TcpState[] = ['ESTABLISHED', 'CLOSE_WAIT', 'FIN_WAIT1', 'FIN_WAIT2'];

/** Its FIN is queued, sent or acknowledged, and it is no orphan. */
const HALF_CLOSED: readonly TcpState[] = ['FIN_WAIT1', 'FIN_WAIT2', 'CLOSING', 'LAST_ACK'];

/** `LISTEN` has no other end. */
export const endsOf = (open: OpenSocket): string =>
  open.state === 'LISTEN' ? endpoint(open.family, open.laddr, open.lport) : bothEnds(open);

/** `fd 5`, `fds 5 and 9 (5 is close-on-exec)`. */
const fdsText = ({ fds }: OpenHolder): string => {
  const numbers = fds.map(({ fd }) => String(fd));
  return `${fds.length === 1 ? 'fd' : 'fds'} ${list(numbers)}`;
};

const onExec = ({ fds }: OpenHolder): string => {
  if (fds.some((each) => each.close_on_exec === null)) return '';
  const kept = fds.filter((each) => each.close_on_exec === false).map(({ fd }) => `fd ${fd}`);
  return kept.length === 0 ? ', which exec() would close' : `; exec() does not close ${list(kept)}`;
};

/** Its holders, on a line. */
export const heldByText = (open: OpenSocket): string => {
  switch (open.held_by) {
    case 'process': {
      const more = open.holder_count - open.holders.length;
      const told = open.holders.map((holder) => `${name(holder)} ${fdsText(holder)}`);
      const urings = open.io_urings.map((keeper) => `the io_uring at fd ${keeper.fd} of ${name(keeper)}`);
      return [...told, ...(more > 0 ? [`and ${thousands(more)} more`] : []), ...urings].join('; ');
    }
    case 'io_uring':
      return open.io_urings.map((keeper) => `the io_uring at fd ${keeper.fd} of ${name(keeper)}`).join('; ');
    case 'accept_queue':
      return `the accept queue of ${open.listener === null ? 'a listener' : listenerText(open)}`;
    case 'mptcp':
      return 'its MPTCP connection; no process';
    case 'no_process':
      return 'no process';
    case 'unknown':
      return 'not known';
  }
};

const listenerText = ({ family, listener }: OpenSocket): string => {
  if (listener === null) return 'a listener';
  const whose = listener.holders.length === 0 ? '' : `, which ${list(listener.holders.map(name))} has open`;
  return `the listener ${endpoint(family, listener.laddr, listener.lport)}${whose}`;
};

const STATE: Readonly<Partial<Record<TcpState, string>>> = {
  ESTABLISHED:
    'In ESTABLISHED: no FIN was sent by either end. The kernel has not closed it, and nobody called shutdown() for writing.',
  CLOSE_WAIT:
    'In CLOSE_WAIT: the peer has closed its half, and no FIN of ours has been queued. Nothing but this host ends that.',
  FIN_WAIT1: 'In FIN_WAIT1, and not an orphan: our FIN is queued or sent, and not acknowledged yet.',
  FIN_WAIT2:
    'In FIN_WAIT2, and not an orphan: our FIN is acknowledged, the peer has not sent its own, and this end is still held.',
  CLOSING: 'In CLOSING, and not an orphan: both ends have sent a FIN, and ours is not acknowledged yet.',
  LAST_ACK: 'In LAST_ACK, and not an orphan: both ends have sent a FIN, and ours is not acknowledged yet.',
  SYN_SENT: 'In SYN_SENT: it is not connected yet.',
  LISTEN: 'In LISTEN: it still takes connections, and nobody else can bind its address and port.',
};

/**
 * Sentences of evidence: its state, who keeps it, and how they may have got it. Names in them may hold any bytes.
 *
 * @see Linux fs/file_table.c, __fput: the last reference alone calls the socket's release
 */
export const becauseOpen = (open: OpenSocket): readonly string[] => {
  const state = STATE[open.state];
  return [
    ...(state === undefined ? [] : [state]),
    ...keptBy(open),
    ...(open.state === 'FIN_WAIT2' && isHeld(open)
      ? [
          `${open.has_keepalive ? 'While the peer answers its keepalive probes, nothing bounds this wait' : 'Nothing bounds this wait'}: net.ipv4.tcp_fin_timeout and TCP_LINGER2 are for orphans, and it becomes one only with the last close().`,
        ]
      : []),
  ];
};

const isHeld = ({ held_by }: OpenSocket): boolean => held_by === 'process' || held_by === 'io_uring';

const keptBy = (open: OpenSocket): readonly string[] => {
  switch (open.held_by) {
    case 'process':
      return [
        ...open.holders.map((holder) => holderSentence(holder, open)),
        ...(open.holder_count > open.holders.length
          ? [`In all ${thousands(open.holder_count)} have it open; the first are named.`]
          : []),
        ...open.io_urings.map(uringSentence),
        referenceSentence(open),
      ];
    case 'io_uring':
      return [
        ...open.io_urings.map(uringSentence),
        'No process has a descriptor of it. The registration is a reference of its own: close() took one away and ended nothing.',
      ];
    case 'accept_queue':
      return [
        `It was not accepted yet: it waits in the accept queue of ${listenerText(open)}.`,
        'No process ever had it open, so none can have closed it.',
      ];
    case 'mptcp':
      return mptcpSentences(open);
    case 'no_process':
      return nobodySentences(open);
    case 'unknown':
      return [
        'No process was found that has it open, and not every process could be asked: one of the others may have it.',
        ...flightSentences(open.in_flight),
        mayKeep(open),
      ];
  }
};

const holderSentence = (holder: OpenHolder, open: OpenSocket): string => {
  const { parent, inherited_from } = holder;
  const has = `${name(holder)} has it open at ${fdsText(holder)}${onExec(holder)}.`;
  if (inherited_from !== null) {
    const from = open.holders.find(({ pid }) => pid === inherited_from);
    const whom = from === undefined ? `the one with pid ${inherited_from}` : name(from);
    const kin = parent?.pid === inherited_from ? 'Its parent' : 'Its ancestor';
    return `${has} ${kin} ${whom} has it at the same number: fork() hands descriptors down so.`;
  }
  if (parent === null || parent.pid === 1 || !holder.may_be_inherited) return has;
  return open.holders.some(({ pid }) => pid === parent.pid)
    ? `${has} Its parent ${name(parent)} has it at another number.`
    : `${has} Its parent ${name(parent)} does not have it open. If that one did and closed it, this one inherited it over fork(), and that close() ended nothing.`;
};

const uringSentence = (keeper: Named & { readonly fd: number }): string =>
  `It is registered with the io_uring at fd ${keeper.fd} of ${name(keeper)}.`;

const referenceSentence = ({ holders, holder_count }: OpenSocket): string => {
  if (holder_count === 1 && holders[0]?.fds.length === 1) {
    return 'That is the only descriptor that was found. close() ends the connection with the last one.';
  }
  const isPassed = holder_count > 1 && holders.filter(({ inherited_from }) => inherited_from === null).length > 1;
  return `Each descriptor is a reference: close() ends the connection only with the last one.${isPassed ? ' Where no parent has it at the same number it was passed on (SCM_RIGHTS, pidfd_getfd()), or comes from an ancestor that has closed its own.' : ''}`;
};

const mptcpSentences = ({ mptcp }: OpenSocket): readonly string[] => {
  if (mptcp === null) return [];
  const { state, is_closed, timer_ms } = mptcp;
  const timer = timer_ms === null ? '' : `, and its timer fires in ${duration(timer_ms * 1000)}`;
  return [
    `It is a subflow of an MPTCP connection that is in ${state}${timer}.`,
    is_closed
      ? 'That connection was closed and no process has it open. The subflow is no orphan and counts as none: it stays as it is until its connection ends.'
      : 'That connection was not closed: a reference to it is left, and none of a process was found.',
  ];
};

const nobodySentences = (open: OpenSocket): readonly string[] => {
  if (open.inode === null) {
    return [
      'It has no struct socket: no process can have it open. No listener fits it either. A child of a TPROXY listener looks so.',
    ];
  }
  return [
    'Every process was asked, twice, and none has it open. It is not dying, so a reference is left.',
    ...flightSentences(open.in_flight),
    mayKeep(open),
  ];
};

/** References that are no descriptors. */
const mayKeep = ({ state, in_flight }: OpenSocket): string =>
  `What keeps it${in_flight.length === 0 ? '' : ' otherwise'} may be: ${[
    ...(HALF_CLOSED.includes(state) ? ['a close() that still lingers (SO_LINGER)'] : []),
    ...(in_flight.length === 0 ? ['a descriptor in the queue of a unix socket (SCM_RIGHTS)'] : []),
    'a request of an io_uring that has not ended',
    'a mapping of it (mmap() for zero-copy receive)',
    "a thread that left its process's file table (unshare(CLONE_FILES))",
    'the kernel itself (NFS, SMB and others)',
  ].join('; ')}.`;

const flightSentences = (inFlight: readonly InFlight[]): readonly string[] =>
  inFlight.length === 0
    ? []
    : [
        `Descriptors are in flight in ${list(
          inFlight.map(
            (each) => `the unix socket at fd ${each.fd} of ${name(each)} (${counted(each.count, 'descriptor')})`,
          ),
        )}. Nothing tells whether it is among them.`,
      ];

/** Sentences: what ends it, with its price, and what does not help. */
export const adviceOpen = (open: OpenSocket, notes: readonly string[]): readonly string[] => [
  ...toClose(open),
  ...(open.held_by === 'unknown' && notes.length > 0
    ? [
        'To ask every process: run finwait as root in the pid namespace of the host (docker run --pid=host --privileged, hostPID in Kubernetes).',
      ]
    : []),
  ...(open.state === 'FIN_WAIT2' && isHeld(open)
    ? [
        'From the last close() on net.ipv4.tcp_fin_timeout (or TCP_LINGER2) bounds it. Until then that sysctl would not help, nor would net.ipv4.tcp_orphan_retries: both are for orphans.',
        ...(open.has_keepalive
          ? []
          : ['SO_KEEPALIVE on it would end it where the peer is gone; a peer that answers keeps it.']),
      ]
    : []),
  ...shutdownAdvice(open),
  ...killAdvice(open),
];

const SHARED = [
  'In a child, close the descriptors that it does not need before it does anything else. Open sockets with SOCK_CLOEXEC (socket(), accept4()), or set FD_CLOEXEC, and exec() drops them; a child that never calls exec() has to close its own.',
];

const toClose = (open: OpenSocket): readonly string[] => {
  switch (open.held_by) {
    case 'process': {
      const whose = list(open.holders.map((holder) => `${fdsText(holder)} in ${name(holder)}`));
      const isAlone = open.holder_count === 1 && open.holders[0]?.may_be_inherited === false;
      const read =
        open.state === 'CLOSE_WAIT' || open.state === 'FIN_WAIT2'
          ? [
              'Read until 0 with a time limit (poll(), SO_RCVTIMEO), then close(): a peer that never closes would keep the reader for ever.',
            ]
          : [];
      return [`Close ${whose}: the last close() ends it.`, ...read, ...(isAlone ? [] : SHARED)];
    }
    case 'io_uring':
      return [
        'Take it out of the io_uring (IORING_UNREGISTER_FILES, or IORING_REGISTER_FILES_UPDATE with -1), or close the ring: that is the last reference.',
      ];
    case 'accept_queue':
      return ['The application has to accept() it; a listener that is closed resets those in its queue.'];
    case 'mptcp':
      return [
        'No sysctl of TCP and no limit of orphans is for it. The connection ends when its peer closes, or at its timer. ss -M lists it.',
      ];
    case 'no_process':
    case 'unknown':
      return open.in_flight.length === 0
        ? []
        : [
            'Have the process that owns the unix socket receive the descriptors and close them, or close the unix socket: its queue goes with it.',
          ];
  }
};

const shutdownAdvice = (open: OpenSocket): readonly string[] =>
  isHeld(open) && (open.state === 'ESTABLISHED' || open.state === 'CLOSE_WAIT')
    ? [
        'shutdown(fd, SHUT_RDWR) before the close() ends the connection whoever else has it open: the FIN goes out at once. Its price: it ends for all of them. The socket itself stays until the last close().',
      ]
    : [];

/** The command that ends it from outside. None is given where none would work. */
const killAdvice = (open: OpenSocket): readonly string[] => {
  const { held_by, state, family, laddr, lport, raddr, rport, is_own_netns, netns_path } = open;
  if (!IS_RESET.includes(state) || held_by === 'mptcp' || held_by === 'accept_queue') return [];
  if (!is_own_netns && netns_path === null) return [];
  const enter = is_own_netns ? '' : `nsenter --net=${netns_path} `;
  // ss wants IPv6 in brackets, and a shell takes brackets for a pattern.
  const end = (address: string, port: number): string =>
    family === 'ipv6' ? `'${endpoint(family, address, port)}'` : endpoint(family, address, port);
  return [
    `To end it now without the application: ${enter}ss -tK src ${end(laddr, lport)} dst ${end(raddr, rport)}. Its price: what is unread and unsent is lost, the peer gets a reset, and who has it open gets ECONNABORTED.`,
  ];
};
