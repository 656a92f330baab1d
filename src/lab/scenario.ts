/** A way for a socket to die, for people: the worker has the code of the same name. */
export type Scenario = {
  /** The name on the command line, and that of the function in `ways_*.py`. */
  readonly name: string;
  /** The course of it, in a line. */
  readonly title: string;
  /** The kernel's part: the reason why it happens. */
  readonly does: string;
  /** The commands of a person, in the words of `byHandPreamble`. */
  readonly byHand: readonly string[];
  /** The output of `ss`, in the namespace near. */
  readonly ss: string;
  /** finwait's words about it. */
  readonly finwait: string;
  /** `host` changes a sysctl of the whole machine; `mptcp` and `ktls` want a kernel that has it. */
  readonly needs?: 'host' | 'mptcp' | 'ktls';
  /** Seconds until the full sk is gone, roughly. */
  readonly seconds: number;
};

/** Two ends of a wire, as the worker names them. */
export type Place = {
  readonly near: string;
  readonly far: string;
  readonly near_addr: string;
  readonly far_addr: string;
};

/**
 * Shell functions that the commands by hand are written in: `near` and `far` run a program there, `peer` starts a server
 * on far, `dial` connects to it from near (both run Python on their connection `c`), `drop` and `heal` the wire.
 */
export const byHandPreamble = (place: Place): readonly string[] => {
  const family = place.far_addr.includes(':') ? 'socket.AF_INET6' : 'socket.AF_INET';
  return [
    `near() { ip netns exec ${place.near} "$@"; }; far() { ip netns exec ${place.far} "$@"; }`,
    `NEAR_IP=${place.near_addr} FAR_IP=${place.far_addr} FAMILY=${family} PY='import array, os, signal, socket, struct, time'`,
    `peer() { kill $P 2>/dev/null; ip netns exec ${place.far} python3 -c "$PY; s = socket.create_server(('$FAR_IP', 7777), family=$FAMILY); c, _ = s.accept(); \${1:-0}; time.sleep(600)" & P=$!; sleep 0.5; }`,
    `dial() { near python3 -c "$PY; c = socket.create_connection(('$FAR_IP', 7777)); $1"; }`,
    'drop() { "$1" nft "add table inet hand; add chain inet hand in { type filter hook input priority 0; }; add rule inet hand in $2 drop"; }',
    'heal() { "$1" nft delete table inet hand; }',
  ];
};
