/**
 * A queue of things with three numbers each, the last a whole one. It no longer holds what was taken out of it. The
 * numbers of its first thing are `first[head]`, `second[head]` and `third[head]`. They mean nothing if the queue is
 * empty. They are fields because a double that a function returns would be a new object each time.
 */
export class Ring<T> {
  #things: (T | undefined)[] = new Array<T | undefined>(FIRST_SIZE).fill(undefined);
  #mask = FIRST_SIZE - 1;
  first = new Float64Array(FIRST_SIZE);
  second = new Float64Array(FIRST_SIZE);
  third = new Uint32Array(FIRST_SIZE);
  head = 0;
  size = 0;

  push(thing: T, first: number, second: number, third = 0): void {
    if (this.size > this.#mask) this.#grow();
    const slot = (this.head + this.size) & this.#mask;
    this.#things[slot] = thing;
    this.first[slot] = first;
    this.second[slot] = second;
    this.third[slot] = third;
    this.size++;
  }

  shift(): T | undefined {
    const thing = this.#things[this.head];
    if (this.size === 0) return undefined;
    this.#things[this.head] = undefined;
    this.head = (this.head + 1) & this.#mask;
    this.size--;
    return thing;
  }

  #grow(): void {
    const { size } = this;
    const slots = Array.from({ length: size }, (_, i) => (this.head + i) & this.#mask);
    const first = new Float64Array(2 * size);
    const second = new Float64Array(2 * size);
    const third = new Uint32Array(2 * size);
    for (const [i, slot] of slots.entries()) {
      first[i] = this.first[slot] as number;
      second[i] = this.second[slot] as number;
      third[i] = this.third[slot] as number;
    }
    const things = slots.map((slot) => this.#things[slot]);
    while (things.length < 2 * size) things.push(undefined);
    this.#things = things;
    this.first = first;
    this.second = second;
    this.third = third;
    this.#mask = 2 * size - 1;
    this.head = 0;
  }
}

/** A power of two, as every later size. */
const FIRST_SIZE = 1024;
