/**
 * Writes that Node's Buffer has and its documentation leaves out. `write` does the same and first finds out, for each
 * line anew, which encoding is meant: that takes longer than the copy.
 */
declare global {
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    latin1Write(text: string, offset: number, length: number): number;
  }
}

export {};
