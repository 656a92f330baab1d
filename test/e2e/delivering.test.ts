import { afterAll, it } from 'vitest';
import type { Dying } from '../../src/explain/close-path.ts';
import { type Run, startFinwait, stopAll } from './finwait.ts';
import { onRealKernel } from './requirements.ts';

/** From the close until finwait is asked: three looks, 2 s apart, and their lines. The peer reads for some 9 s. */
const LATER_MS = 7000;

const rowsOf = (run: Run): readonly Dying[] =>
  run
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('{"type":"dying"'))
    .map((line): Dying => JSON.parse(line));

onRealKernel(
  'an orphan whose peer reads slowly',
  () => {
    afterAll(stopAll);

    it.concurrent.for([
      ['IPv4', []],
      ['IPv6', ['-6']],
    ] as const)('delivers, at a rate and until a time: %s', async ([, family], { expect }) => {
      const run = startFinwait(['explain', '--json', '--limit', '1000']);
      await run.until('its attach', () => run.stderr().includes('watching'), 250_000);
      const lab = startFinwait(['lab', '--json', ...family, 'slow_reader']);
      await lab.until('the close', () => lab.stdout().includes('"lab_socket"'), 60_000);
      await new Promise((resolve) => setTimeout(resolve, LATER_MS));
      await run.stop();
      const line =
        lab
          .stdout()
          .split('\n')
          .find((text) => text.includes('"lab_socket"')) ?? '';
      const { netns, lport } = JSON.parse(line);
      const row = rowsOf(run).find((one) => one.netns === netns && one.lport === lport);
      expect(row).toMatchObject({ waiting_for: 'delivering', deadline: 'never', deadline_at: null });
      expect(['peer', 'unknown']).toContain(row?.side);
      expect(row?.delivered_over_us).toBeGreaterThan(1e6);
      expect(row?.delivered_bytes_per_second).toBeGreaterThan(1000);
      expect(row?.delivered_bytes_per_second).toBeLessThan(1_000_000);
    });
  },
  'python',
);
