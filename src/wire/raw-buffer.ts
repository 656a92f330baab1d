/**
 * Writes that Node's Buffer has and its documentation leaves out. `write` does the same, but finds out the encoding for
 * each line anew: that takes longer than the copy.
 */
declare global {
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    latin1Write(text: string, offset: number, length: number): number;
  }
}

export {};
