/** One type of a BTF blob; ids count from 1 in the order of the list. @see Linux Documentation/bpf/btf.rst */
export type BtfType =
  | { readonly kind: 'int' | 'ptr' | 'func' | 'float'; readonly name?: string; readonly type?: number }
  | {
      readonly kind: 'typedef' | 'const' | 'volatile' | 'restrict' | 'type_tag';
      readonly name?: string;
      readonly type: number;
    }
  | {
      readonly kind: 'struct' | 'union';
      readonly name?: string;
      readonly members: readonly (readonly [name: string, type: number])[];
    }
  | {
      readonly kind: 'enum' | 'enum64';
      readonly name?: string;
      readonly values: readonly (readonly [name: string, value: number])[];
    };

const KIND = {
  int: 1,
  ptr: 2,
  struct: 4,
  union: 5,
  enum: 6,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  float: 16,
  type_tag: 18,
  enum64: 19,
} as const;

/** The bytes that the kernel would show in /sys/kernel/btf/vmlinux for these types. */
export const btfBlob = (list: readonly BtfType[]): Buffer => {
  let strings = '\0';
  const nameAt = (name: string | undefined): number => {
    if (name === undefined || name === '') return 0;
    const known = strings.indexOf(`\0${name}\0`);
    if (known >= 0) return known + 1;
    const at = strings.length;
    strings += `${name}\0`;
    return at;
  };
  const words: number[] = [];
  for (const type of list) {
    const items = 'members' in type ? type.members : 'values' in type ? type.values : [];
    words.push(nameAt(type.name), (KIND[type.kind] << 24) | items.length, 'type' in type ? (type.type ?? 0) : 0);
    if (type.kind === 'int') words.push(32);
    for (const [name, value] of items) {
      words.push(nameAt(name), value >>> 0);
      if (type.kind !== 'enum') words.push(0);
    }
  }
  const types = Buffer.from(new Uint32Array(words).buffer);
  const header = Buffer.alloc(24);
  header.writeUInt16LE(0xeb9f, 0);
  header.writeUInt8(1, 2);
  for (const [i, word] of [24, 0, types.length, types.length, strings.length].entries()) {
    header.writeUInt32LE(word, 4 + i * 4);
  }
  return Buffer.concat([header, types, Buffer.from(strings, 'latin1')]);
};
