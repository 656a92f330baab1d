import { type SkAddr, skAddr, type TraceNs } from '../kernel/units.ts';
import { heldBytes, parseEvidence } from '../wire/evidence.ts';
import type { Parked, ParkedId } from './parked.ts';
import type { Sock } from './sock.ts';

/** What is asked of a hundred thousand socks to find the few that are looked at: no copy is made of one that is parked. */
export type Glimpse = {
  readonly sk: SkAddr;
  readonly generation: number;
  readonly isDestroyed: boolean;
  /** How the probe knew of its close, of `VIA`. */
  readonly via: number;
  readonly closedAt: TraceNs;
  readonly state: number;
  readonly retransmits: number;
  /** Kernel memory, in bytes, that it held at its last sighting. */
  readonly heldBytes: number;
  /** The sock itself, or a copy. */
  readonly sock: () => Sock;
};

type Read = (found: Sock | ParkedId, sk: SkAddr) => Sock;

/** A glimpse that `at` turns to one sock after the other. @param read - gives the sock itself, or a copy */
export const createGlimpse = (
  parked: Parked,
  read: Read,
): { readonly at: (sk: SkAddr, found: Sock | ParkedId) => Glimpse } => {
  const glimpse = new Turning(parked, read);
  return { at: (sk, found) => glimpse.turn(sk, found) };
};

export const glimpseOf = (sock: Sock): Glimpse => ({
  sk: sock.sk,
  generation: sock.generation,
  isDestroyed: sock.destroyedAt !== null,
  via: sock.announce.via,
  closedAt: sock.closedAt,
  state: sock.state,
  retransmits: sock.retransmits,
  heldBytes: heldBy(sock),
  sock: () => sock,
});

const heldBy = (sock: Sock): number => heldBytes(parseEvidence(sock.latest ?? sock.announce.line));

class Turning implements Glimpse {
  readonly #parked: Parked;
  readonly #read: Read;
  #id: ParkedId = 0;
  #sock: Sock | null = null;
  sk = skAddr('');

  constructor(parked: Parked, read: Read) {
    this.#parked = parked;
    this.#read = read;
  }

  turn(sk: SkAddr, found: Sock | ParkedId): this {
    this.sk = sk;
    if (typeof found === 'number') {
      this.#id = found;
      this.#sock = null;
    } else {
      this.#sock = found;
    }
    return this;
  }

  get generation(): number {
    return this.#sock?.generation ?? this.#parked.generationOf(this.#id);
  }

  /** What is parked is alive. */
  get isDestroyed(): boolean {
    return this.#sock !== null && this.#sock.destroyedAt !== null;
  }

  get via(): number {
    return this.#sock?.announce.via ?? this.#parked.viaOf(this.#id);
  }

  get closedAt(): TraceNs {
    return this.#sock?.closedAt ?? this.#parked.closedAtOf(this.#id);
  }

  get state(): number {
    return this.#sock?.state ?? this.#parked.stateOf(this.#id);
  }

  get retransmits(): number {
    return this.#sock?.retransmits ?? this.#parked.retransmitsOf(this.#id);
  }

  get heldBytes(): number {
    return this.#sock === null ? this.#parked.heldBytesOf(this.#id) : heldBy(this.#sock);
  }

  sock(): Sock {
    return this.#read(this.#sock ?? this.#id, this.sk);
  }
}
