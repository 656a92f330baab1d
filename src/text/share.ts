/** Parts of a whole. */
import { type Printable, trusted } from './printable.ts';

/** A whole percentage, which never says 0 or 100 of what is neither: `<1%`, `25%`, `>99%`. @param share - in percent */
export const percent = (share: number): Printable => {
  if (share > 0 && share < 1) return trusted('<1%');
  return ofMost(share);
};

/** A percentage with a decimal below 10: `<0.1%`, `7.6%`, `25%`, `>99%`. @param share - in percent */
export const finePercent = (share: number): Printable => {
  if (share > 0 && share < 0.1) return trusted('<0.1%');
  return share > 0 && share < 10 ? trusted(`${share.toFixed(1)}%`) : ofMost(share);
};

const ofMost = (share: number): Printable => trusted(share > 99 && share < 100 ? '>99%' : `${Math.round(share)}%`);

/** The progress of some work, rounded down: only finished work is `100%`. @param part - 0 to 1 */
export const progressText = (part: number): Printable => trusted(`${Math.floor(part * 100)}%`);
