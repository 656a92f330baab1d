/**
 * Values of icsk_pending: the timer that a sock has pending.
 *
 * @see Linux include/net/inet_connection_sock.h, ICSK_TIME_RETRANS and the lines after it
 */
export const ICSK_TIME = { none: 0, retrans: 1, probe0: 3, lossProbe: 5, reorder: 6 } as const;
