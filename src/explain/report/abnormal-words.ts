import { counted, thousands } from '../../text/count.ts';
import type { AbnormalDeaths } from '../abnormal.ts';
import type { EndedBy } from '../close-path.ts';

/** The subject of a sentence, and what happens to connections there. */
const WORDS: Readonly<Partial<Record<EndedBy, (who: string) => string>>> = {
  unread_data: (who) => `${who} resets clients with unread data`,
  linger_zero: (who) => `${who} resets connections by SO_LINGER with 0 s`,
  linger2: (who) => `${who} resets connections by a negative TCP_LINGER2`,
  orphan_limit: (who) => `connections that ${who} closes are reset at tcp_max_orphans`,
  out_of_memory: (who) => `connections that ${who} closes are reset at tcp_mem`,
  killed: (who) => `connections that ${who} closed are killed (ss -K)`,
  peer_reset: (who) => `peers reset connections that ${who} closed, and lose data`,
  data_after_close: (who) => `peers send data after ${who} closed, and are reset`,
};

/** `api[4711]`; the name alone if several processes of that name are counted together. It may hold any bytes. */
export const whoClosed = ({ comm, pid }: Pick<AbnormalDeaths, 'comm' | 'pid'>): string =>
  comm === null ? 'a process that was not observed' : `${comm}${pid === null ? '' : `[${pid}]`}`;

/** `200/s`, `0.5/s`. */
export const perSecondText = (perSecond: number): string =>
  `${perSecond >= 10 ? thousands(Math.round(perSecond)) : perSecond.toFixed(1)}/s`;

/** The socket is gone by then, so its closer may be unknown where the port and the peer are known. */
const minisockWords = ({ raddr, comm }: AbnormalDeaths, who: string): string =>
  `${raddr === null ? 'peers send' : `${raddr} sends`} data after ${comm === null ? 'close()' : `${who} closed`}, and FIN_WAIT2 minisocks reset it`;

/** One row in words: `api[4711] resets clients with unread data: 200/s on port 8080, 800 in all`. */
export const abnormalWords = (deaths: AbnormalDeaths): string => {
  const { ended_by, count, per_second, port, side } = deaths;
  const who = whoClosed(deaths);
  const unknown =
    side === 'limit' ? `connections that ${who} closes are reset at a limit` : `connections of ${who} end abnormally`;
  const what = deaths.by_minisock ? minisockWords(deaths, who) : (WORDS[ended_by]?.(who) ?? unknown);
  const where = port === null ? '' : ` on port ${port}`;
  const rate = per_second === null || per_second < 0.05 ? '' : `${perSecondText(per_second)}${where}, `;
  return `${what}: ${rate}${counted(count, 'connection')}${rate === '' ? where : ''} in all`;
};
