import type { AbnormalDeaths } from '../../explain/abnormal.ts';

/** The contract's kind of record for abnormal ends: one for each cause, closer and port. */
export const abnormalRecord = (deaths: AbnormalDeaths): object => ({ type: 'abnormal', ...deaths });
