// Generated from schema.ts by 'npm run probes': edit that.
import { swap16 } from '../kernel/address.ts';
import { decimalOfHalves } from '../kernel/hex.ts';

/** The part of a line that shows a sock at one instant. A sequence number is a u32, a timer the low 32 bits of jiffies. */
export type Evidence = {
  /** `skc_flags` (bit 0 SOCK_DEAD, 1 SOCK_DONE, 4 SOCK_LINGER). */
  readonly flags: number;
  /** Its state, lock and holder. */
  readonly context: number;
  /** `sk_err`, an errno. */
  readonly err: number;
  /** `sk_err_soft`, an errno. */
  readonly errSoft: number;
  /** `icsk_pending`. */
  readonly pending: number;
  /** `icsk_retransmits`. */
  readonly icskRetransmits: number;
  /** `icsk_backoff`. */
  readonly backoff: number;
  /** `icsk_probes_out`. */
  readonly probesOut: number;
  /** `write_seq`, a sequence number. */
  readonly writeSeq: number;
  /** `snd_una`, a sequence number. */
  readonly sndUna: number;
  /** `snd_nxt`, a sequence number. */
  readonly sndNxt: number;
  /** `snd_wnd`, bytes. */
  readonly sndWnd: number;
  /** `icsk_rto`, jiffies. */
  readonly rto: number;
  /** `packets_out`. */
  readonly packetsOut: number;
  /** The retransmission timer's `expires`; 0 unknown, jiffies. */
  readonly rtoTimer: number;
  /** The timer of FIN_WAIT2 and keepalive, the same, jiffies. */
  readonly skTimer: number;
  /** `sk_wmem_queued`, bytes. */
  readonly wmemQueued: number;
  /** `sk_rmem_alloc`, bytes. */
  readonly rmemAlloc: number;
  /** `sk_forward_alloc`, bytes, signed. */
  readonly forwardAlloc: number;
  /** `retrans_stamp`. */
  readonly retransStamp: number;
};

/** The part that only A and L lines have. An id of 64 bits is decimal text. */
export type AnnounceFields = {
  /** `rcv_nxt`, a sequence number. */
  readonly rcvNxt: number;
  /** `copied_seq`, a sequence number. */
  readonly copiedSeq: number;
  /** `icsk_user_timeout`, ms. */
  readonly userTimeoutMs: number;
  /** `sk_lingertime`, jiffies. */
  readonly lingerTime: number;
  /** `linger2`, jiffies, signed. */
  readonly linger2: number;
  /** `icsk_rto_max`; 0: the kernel has the constant TCP_RTO_MAX, jiffies. */
  readonly rtoMax: number;
  /** `lsndtime`, jiffies. */
  readonly lsndtime: number;
  /** `rcv_tstamp`, jiffies. */
  readonly rcvTstamp: number;
  /** `tcp_retries2` of the socket's own network namespace. */
  readonly retries2: number;
  /** `tcp_fin_timeout` of the same, jiffies. */
  readonly finTimeout: number;
  /** `tcp_orphan_retries` of the same; 0 is the kernel's default of 8. */
  readonly orphanRetries: number;
  /** `data_segs_in` modulo 2^24. */
  readonly dataSegsIn: number;
  /** Inode of its network namespace. */
  readonly netns: number;
  /** Uid of the socket. */
  readonly uid: number;
  /** `sk_mark`. */
  readonly mark: number;
  /** Id of its cgroup; 0: the kernel has none in the sock. */
  readonly cgroupId: string;
  /** Its cookie; 0: none made yet. */
  readonly cookie: string;
  /** Local port, as loaded from network order. */
  readonly lport: number;
  /** Remote port, the same. */
  readonly rport: number;
  /** The closing process (tgid). */
  readonly pid: number;
  /** Its thread. */
  readonly tid: number;
  /** `task->flags`. */
  readonly taskFlags: number;
  /** `task->exit_code`. */
  readonly exitCode: number;
};

/** Reads what a sock shows. @param h - the halves of a line, from e0 on */
export const readEvidence = (h: Uint32Array): Evidence => ({
  flags: h[0] as number,
  context: h[1] as number,
  err: (h[2] as number) >>> 16,
  errSoft: (h[2] as number) & 0xffff,
  pending: (h[3] as number) >>> 24,
  icskRetransmits: ((h[3] as number) >>> 16) & 0xff,
  backoff: ((h[3] as number) >>> 8) & 0xff,
  probesOut: (h[3] as number) & 0xff,
  writeSeq: h[4] as number,
  sndUna: h[5] as number,
  sndNxt: h[6] as number,
  sndWnd: h[7] as number,
  rto: h[8] as number,
  packetsOut: h[9] as number,
  rtoTimer: h[10] as number,
  skTimer: h[11] as number,
  wmemQueued: h[12] as number,
  rmemAlloc: h[13] as number,
  forwardAlloc: (h[14] as number) | 0,
  retransStamp: h[15] as number,
});

/** Reads what an announcement says beside. @param h - the halves of a line, from e0 on */
export const readAnnounceFields = (h: Uint32Array): AnnounceFields => ({
  rcvNxt: h[16] as number,
  copiedSeq: h[17] as number,
  userTimeoutMs: h[18] as number,
  lingerTime: h[19] as number,
  linger2: (h[20] as number) | 0,
  rtoMax: h[21] as number,
  lsndtime: h[22] as number,
  rcvTstamp: h[23] as number,
  retries2: (h[24] as number) >>> 24,
  finTimeout: (h[24] as number) & 0xffffff,
  orphanRetries: (h[25] as number) >>> 24,
  dataSegsIn: (h[25] as number) & 0xffffff,
  netns: h[27] as number,
  uid: h[28] as number,
  mark: h[29] as number,
  cgroupId: decimalOfHalves(h[30] as number, h[31] as number),
  cookie: decimalOfHalves(h[32] as number, h[33] as number),
  lport: swap16((h[35] as number) >>> 16),
  rport: swap16((h[35] as number) & 0xffff),
  pid: h[46] as number,
  tid: h[47] as number,
  taskFlags: h[49] as number,
  exitCode: h[51] as number,
});
