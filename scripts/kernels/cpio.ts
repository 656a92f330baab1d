/** A file of an archive. `data` null: a directory. */
export type Entry = { readonly path: string; readonly mode: number; readonly data: Buffer | null };

const hex = (value: number): string => value.toString(16).padStart(8, '0');
const pad4 = (length: number): Buffer => Buffer.alloc((4 - (length % 4)) % 4);

const member = (inode: number, mode: number, path: string, data: Buffer): Buffer => {
  const name = Buffer.from(`${path}\0`);
  const links = 1;
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, name.length, 0].map(hex).join('');
  const head = Buffer.concat([Buffer.from(`070701${fields}`), name]);
  return Buffer.concat([head, pad4(head.length), data, pad4(data.length)]);
};

/**
 * An initramfs: a cpio archive in the format `newc`, owned by root, with times of 1970.
 *
 * @see Linux Documentation/driver-api/early-userspace/buffer-format.rst
 */
export const packCpio = (entries: readonly Entry[]): Buffer =>
  Buffer.concat([
    ...entries.map(({ path, mode, data }, index) =>
      member(index + 1, (data === null ? 0o040000 : 0o100000) | mode, path, data ?? Buffer.alloc(0)),
    ),
    member(0, 0, 'TRAILER!!!', Buffer.alloc(0)),
  ]);
