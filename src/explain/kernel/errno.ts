/** Errors that sk_err and sk_err_soft hold, by Linux's numbers. @see Linux include/uapi/asm-generic/errno.h */
export const ERRNO = {
  EPIPE: 32,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
} as const;

/**
 * True if ICMP left this errno: it said that the way to the peer is closed.
 *
 * @see Linux net/ipv4/icmp.c, icmp_err_convert
 */
export const isUnreachable = (errno: number): boolean =>
  errno === ERRNO.ENETUNREACH || errno === ERRNO.EHOSTDOWN || errno === ERRNO.EHOSTUNREACH;
