type Part = { readonly at: number; readonly mask: number };

/** Parts of a packed sock's words `counts` and `marks`, and of a move's: the lowest bit, and as many as the mask has. */
export const COUNTS = { gaps: { at: 0, mask: 0xffff }, retransmits: { at: 16, mask: 0xffff } } as const;
export const MARKS = {
  via: { at: 0, mask: 0xf },
  movedTo: { at: 4, mask: 0xf },
  state: { at: 8, mask: 0xff },
  entered: { at: 16, mask: 1 },
  mayLack: { at: 17, mask: 1 },
} as const;
export const MOVE = { from: { at: 0, mask: 0xff }, to: { at: 8, mask: 0xff }, own: { at: 16, mask: 1 } } as const;

/** A word that has this part alone. */
export const part = (value: number, { at }: Part): number => value << at;
export const partOf = (word: number, { at, mask }: Part): number => (word >>> at) & mask;
