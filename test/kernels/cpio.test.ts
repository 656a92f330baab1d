import { describe, expect, it } from 'vitest';
import { packCpio } from '../../scripts/kernels/cpio.ts';

const archive = packCpio([
  { path: 'bin', mode: 0o755, data: null },
  { path: 'bin/one', mode: 0o755, data: Buffer.from('a') },
  { path: 'init', mode: 0o644, data: Buffer.from('twelve bytes') },
]);

describe('an initramfs', () => {
  it('has each name and its data on a boundary of four bytes', () => {
    let at = 0;
    const members: [string, number, string][] = [];
    for (;;) {
      const field = (index: number): number =>
        Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
      expect(archive.toString('latin1', at, at + 6)).toBe('070701');
      const [mode, size, nameSize] = [field(1), field(6), field(11)];
      const name = archive.toString('latin1', at + 110, at + 110 + nameSize - 1);
      const data = (at + 110 + nameSize + 3) & ~3;
      if (name === 'TRAILER!!!') break;
      members.push([name, mode, archive.toString('latin1', data, data + size)]);
      at = (data + size + 3) & ~3;
    }
    expect(members).toEqual([
      ['bin', 0o040755, ''],
      ['bin/one', 0o100755, 'a'],
      ['init', 0o100644, 'twelve bytes'],
    ]);
  });
});
