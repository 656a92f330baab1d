import { readFileSync } from 'node:fs';

const MAGIC = 0xeb9f;
const KIND = {
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  TYPE_TAG: 18,
  ENUM64: 19,
};
/** Types may be nested this deep; more is a circle, which only a damaged BTF has. */
const DEEPEST = 64;
/** Bytes after the 12-byte `struct btf_type`: [fixed, per vlen], by kind. */
const TAIL: readonly (readonly [number, number])[] = [
  [0, 0],
  [4, 0],
  [0, 0],
  [12, 0],
  [0, 12],
  [0, 12],
  [0, 8],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 8],
  [4, 0],
  [0, 12],
  [0, 0],
  [4, 0],
  [0, 0],
  [0, 12],
];

/** A running kernel's own description of its types. */
export type Btf = {
  /** True if a condition of a probe's `//@if` line holds; see `docs/probes.md`. Unknown names answer false. */
  readonly has: (condition: string) => boolean;
  /** The enumerators of a kernel enum, value to name; empty when there is no such enum. */
  readonly enumNames: (name: string) => ReadonlyMap<number, string>;
};

/**
 * Reads the BPF Type Format of the running kernel, as far as choosing probe fields needs it.
 *
 * @param data - the bytes of /sys/kernel/btf/vmlinux, little endian
 * @throws RangeError when the bytes are no BTF; callers read it as a fault of the environment
 * @see Linux Documentation/bpf/btf.rst
 */
export const parseBtf = (data: Buffer): Btf => {
  if (data.length < 24 || data.readUInt16LE(0) !== MAGIC) {
    throw new RangeError('not BTF: the magic number 0xeb9f is missing');
  }
  const header = data.readUInt32LE(4);
  const types = data.subarray(header + data.readUInt32LE(8), header + data.readUInt32LE(8) + data.readUInt32LE(12));
  const strings = data.subarray(header + data.readUInt32LE(16), header + data.readUInt32LE(16) + data.readUInt32LE(20));
  const offsets: number[] = [0];
  for (let at = 0; at + 12 <= types.length; ) {
    offsets.push(at);
    const info = types.readUInt32LE(at + 4);
    const tail = TAIL[(info >>> 24) & 0x1f];
    if (tail === undefined) throw new RangeError(`BTF kind ${(info >>> 24) & 0x1f} is newer than this program`);
    at += 12 + tail[0] + tail[1] * (info & 0xffff);
    if (at > types.length) throw new RangeError('BTF ends in the middle of a type');
  }

  const kindOf = (id: number) => (types.readUInt32LE((offsets[id] ?? 0) + 4) >>> 24) & 0x1f;
  const vlenOf = (id: number) => types.readUInt32LE((offsets[id] ?? 0) + 4) & 0xffff;
  const refOf = (id: number) => types.readUInt32LE((offsets[id] ?? 0) + 8);
  const nameOffset = (name: string) => {
    const at = strings.indexOf(`\0${name}\0`);
    return at < 0 ? undefined : at + 1;
  };
  const find = (name: string, kinds: readonly number[]): number | undefined => {
    const wanted = nameOffset(name);
    if (wanted === undefined) return undefined;
    for (let id = 1; id < offsets.length; id++) {
      if (types.readUInt32LE(offsets[id] ?? 0) === wanted && kinds.includes(kindOf(id))) return id;
    }
    return undefined;
  };
  const strip = (id: number): number => {
    let at = id;
    const through = [KIND.TYPEDEF, KIND.VOLATILE, KIND.CONST, KIND.RESTRICT, KIND.TYPE_TAG];
    for (let depth = 0; depth < DEEPEST; depth++) {
      if (at === 0 || !through.includes(kindOf(at))) return at;
      at = refOf(at);
    }
    return 0;
  };
  /** The type of a member, looked for in anonymous members too; undefined where there is none. */
  const memberType = (id: number, name: string, depth = 0): number | undefined => {
    if (id === 0 || depth > DEEPEST || (kindOf(id) !== KIND.STRUCT && kindOf(id) !== KIND.UNION)) return undefined;
    const wanted = nameOffset(name);
    const base = (offsets[id] ?? 0) + 12;
    for (let i = 0; i < vlenOf(id); i++) {
      const memberName = types.readUInt32LE(base + i * 12);
      const type = strip(types.readUInt32LE(base + i * 12 + 4));
      if (memberName === wanted) return type;
      if (memberName === 0) {
        const inner = memberType(type, name, depth + 1);
        if (inner !== undefined) return inner;
      }
    }
    return undefined;
  };
  const hasPath = (struct: string, path: readonly string[]): boolean => {
    let id = find(struct, [KIND.STRUCT]);
    for (const member of path) {
      if (id === undefined) return false;
      id = memberType(id, member);
    }
    return id !== undefined;
  };

  return {
    has: (condition) => {
      const [kind, rest = ''] = condition.split(' ', 2);
      if (kind === 'func') return find(rest, [KIND.FUNC]) !== undefined;
      const [name = '', ...path] = rest.split('.');
      if (kind === 'struct') return hasPath(name, path);
      if (kind === 'tracepoint') return hasPath(`trace_event_raw_${name.split(':')[1] ?? ''}`, path);
      return false;
    },
    enumNames: (name) => {
      const names = new Map<number, string>();
      const id = find(name, [KIND.ENUM, KIND.ENUM64]);
      if (id === undefined) return names;
      const size = kindOf(id) === KIND.ENUM ? 8 : 12;
      const base = (offsets[id] ?? 0) + 12;
      for (let i = 0; i < vlenOf(id); i++) {
        const at = types.readUInt32LE(base + i * size);
        names.set(types.readInt32LE(base + i * size + 4), strings.toString('latin1', at, strings.indexOf(0, at)));
      }
      return names;
    },
  };
};

export const BTF_FILE = '/sys/kernel/btf/vmlinux';

/** The running kernel's BTF, or undefined where the kernel has none (CONFIG_DEBUG_INFO_BTF). */
export const loadBtf = (path = BTF_FILE): Btf | undefined => {
  try {
    return parseBtf(readFileSync(path));
  } catch (error) {
    if (error instanceof RangeError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  }
};
