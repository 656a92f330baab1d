/** Words of 32 bits in a unit. Blocks are of whole units, so that a double may stand at their start. */
const UNIT_WORDS = 4;
const CHUNK_WORDS = 1 << 18;
const CHUNK_UNITS = CHUNK_WORDS / UNIT_WORDS;

/** A place among the blocks: `words[at]` on, or `doubles[at / 2]` on; both are the same bytes. */
export type Place = { readonly words: Uint32Array; readonly doubles: Float64Array; readonly at: number };

type Chunk = { readonly words: Uint32Array; readonly doubles: Float64Array };

/**
 * Memory for blocks of some hundred bytes, taken in chunks of 1 MiB that the garbage collector does not look into.
 *
 * A freed block is used again for one of its size. Chunks are never given back: the next flood needs them again.
 */
export class PackedBlocks {
  readonly #chunks: Chunk[] = [];
  readonly #free: number[][] = [];
  #fresh = CHUNK_UNITS;

  /** @returns the block's number, for `place` and `free` */
  take(words: number): number {
    const units = unitsOf(words);
    const reused = this.#free[units]?.pop();
    if (reused !== undefined) return reused;
    if (this.#fresh + units > CHUNK_UNITS) {
      const bytes = new ArrayBuffer(4 * CHUNK_WORDS);
      this.#chunks.push({ words: new Uint32Array(bytes), doubles: new Float64Array(bytes) });
      this.#fresh = 0;
    }
    const block = (this.#chunks.length - 1) * CHUNK_UNITS + this.#fresh;
    this.#fresh += units;
    return block;
  }

  place(block: number): Place {
    const { words, doubles } = this.#chunks[Math.floor(block / CHUNK_UNITS)] as Chunk;
    return { words, doubles, at: (block % CHUNK_UNITS) * UNIT_WORDS };
  }

  /** @param words - as many as the block was taken for */
  free(block: number, words: number): void {
    const units = unitsOf(words);
    let list = this.#free[units];
    if (list === undefined) {
      list = [];
      // This fills the holes before it: a list with holes is slow.
      while (this.#free.length < units) this.#free.push([]);
      this.#free[units] = list;
    }
    list.push(block);
  }
}

const unitsOf = (words: number): number => Math.ceil(words / UNIT_WORDS);
