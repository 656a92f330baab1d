import { type SkAddr, skAddr, type TraceNs } from '../kernel/units.ts';
import { heldBytes, parseEvidence } from '../wire/evidence.ts';
import type { PackedId, PackedSocks } from './packed-socks.ts';
import type { Sock } from './sock.ts';

/**
 * The facts that a hundred thousand socks are asked for, to find the few that are shown. A packed sock is not copied.
 */
export type SockView = {
  readonly sk: SkAddr;
  readonly generation: number;
  readonly isDestroyed: boolean;
  /** The probe's way of knowing its close: one of `VIA`. */
  readonly via: number;
  readonly closedAt: TraceNs;
  readonly state: number;
  readonly retransmits: number;
  /** Kernel memory that it held at its last sighting, bytes. */
  readonly heldBytes: number;
  /** The sock itself, or a copy. */
  readonly sock: () => Sock;
};

type Read = (found: Sock | PackedId, sk: SkAddr) => Sock;

/** A view that `at` moves from one sock to the next. @param read - gives the sock itself, or a copy */
export const createSockView = (
  packed: PackedSocks,
  read: Read,
): { readonly at: (sk: SkAddr, found: Sock | PackedId) => SockView } => {
  const view = new Turning(packed, read);
  return { at: (sk, found) => view.turn(sk, found) };
};

export const viewOf = (sock: Sock): SockView => ({
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

class Turning implements SockView {
  readonly #packed: PackedSocks;
  readonly #read: Read;
  #id: PackedId = 0;
  #sock: Sock | null = null;
  sk = skAddr('');

  constructor(packed: PackedSocks, read: Read) {
    this.#packed = packed;
    this.#read = read;
  }

  turn(sk: SkAddr, found: Sock | PackedId): this {
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
    return this.#sock?.generation ?? this.#packed.generationOf(this.#id);
  }

  /** A packed sock is alive. */
  get isDestroyed(): boolean {
    return this.#sock !== null && this.#sock.destroyedAt !== null;
  }

  get via(): number {
    return this.#sock?.announce.via ?? this.#packed.viaOf(this.#id);
  }

  get closedAt(): TraceNs {
    return this.#sock?.closedAt ?? this.#packed.closedAtOf(this.#id);
  }

  get state(): number {
    return this.#sock?.state ?? this.#packed.stateOf(this.#id);
  }

  get retransmits(): number {
    return this.#sock?.retransmits ?? this.#packed.retransmitsOf(this.#id);
  }

  get heldBytes(): number {
    return this.#sock === null ? this.#packed.heldBytesOf(this.#id) : heldBy(this.#sock);
  }

  sock(): Sock {
    return this.#read(this.#sock ?? this.#id, this.sk);
  }
}
