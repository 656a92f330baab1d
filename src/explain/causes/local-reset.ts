import { isErrorOfReset } from '../evidence/fast-death.ts';
import { distance, isFinUnsent } from '../evidence/sequence.ts';
import { lostOf } from '../sentences/peer.ts';
import { type EndingCause, NO, yes } from './cause.ts';

export const localReset: EndingCause<'local_reset'> = {
  name: 'local_reset',
  title: 'this host itself made the reset that ended it',
  meaning:
    "A reset came although our FIN had never left this host: the host's own firewall threw the FIN away and answered it in the peer's name.",
  looksLike:
    'Nothing on the wire: neither a FIN nor a RST. The peer keeps its connection in ESTAB, and holds it until keepalive, or the application there, ends it.',
  why: 'A rule of this host rejects its outgoing segments with a reset: a REJECT ahead of the rule for ESTABLISHED, a table that is just being written anew, or a conntrack entry that is gone, so that the connection counts as a new one.',
  helps: [
    "Find the rule in the socket's network namespace: `nft list ruleset | grep 'reject with tcp reset'`, `iptables-save | grep tcp-reset`, with ip6tables-save for IPv6; `nft monitor trace` shows which one a FIN meets.",
    'Let outgoing segments of known connections pass before any reject: `ct state established accept` first; where conntrack forgets them, look at `nstat -az` and `conntrack -S` for a full table.',
    'Find the peers that still hold the other end: there the connection is in ESTAB, without this host.',
  ],
  doesNotHelp: [
    'A capture with tcpdump does not help: the reset was on no wire.',
    'net.ipv4.tcp_orphan_retries and net.ipv4.tcp_fin_timeout have no part in it: no timer ended it.',
  ],
  howKnown:
    'tcp:tcp_receive_reset, and CLOSE with ECONNRESET; `snd_nxt` short of `write_seq`, so our FIN had not left, and equal to `snd_una`, so nothing was in flight that a peer could have answered; and the window (`snd_wnd`) had room for what was unsent. It is certain where a task owned the lock, so close() still ran. Later the peer may have sent a reset of its own while a full queue of this host kept the FIN back.',
  knownBy:
    'a reset came, our FIN had not left (`snd_nxt` short of `write_seq`) though the window had room for it, and nothing was in flight; certain only inside close() (a task owned the lock); with data in flight the peer will have answered that: `peer_reset`, not certain',
  cites: 'nf_send_reset (net/ipv4/netfilter/nf_reject_ipv4.c), tcp_reset (net/ipv4/tcp_input.c)',
  scenario: 'own_firewall',
  side: 'local',
  isHarmless: false,
  /** @see Linux tcp_write_xmit: snd_nxt moves only when a segment has been given to IP without an error */
  question: ({ phase, err, own, received, answered, record: { last } }) => {
    if (phase !== 'after_close' || !received || answered || !isErrorOfReset(err)) return NO;
    const unsent = distance(last.writeSeq, last.sndNxt) ?? 0;
    // Where the window has no room for it, the FIN waits here for the peer, not for a firewall.
    if (!isFinUnsent(last) || unsent > last.sndWnd || distance(last.sndNxt, last.sndUna) !== 0) return NO;
    const why =
      'our FIN had not left this host, though the window had room, and nothing was in flight (snd_nxt, write_seq, snd_wnd, snd_una)';
    return own
      ? yes(`a reset came while close() still ran (tcp_receive_reset); ${why}: this host's own firewall made the reset`)
      : yes(
          `a reset came after close() (tcp_receive_reset); ${why}: this host's own firewall made the reset, or the peer did while a queue of this host kept the FIN back`,
          { certain: false },
        );
  },
  fastDeath: ({ phase, err, isUnsent }) =>
    phase === 'after_close' && isErrorOfReset(err) && isUnsent ? 'local' : null,
  advice: (path) => [
    "Find the rule of this host's own firewall that rejects outgoing segments with a reset: nft list ruleset, iptables-save.",
    ...lostOf(path),
    'net.ipv4.tcp_orphan_retries would not help: no timer ended it.',
  ],
};
