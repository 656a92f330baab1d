import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/edge/**', 'test/e2e/**'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'edge',
          include: ['test/edge/**/*.test.ts'],
          globalSetup: ['test/build.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'kernel',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/build.ts'],
          testTimeout: 180_000,
          // While a probe runs the kernel runs none for what interrupts it: now and then a test's own event goes that
          // way, is counted as lost, and the experiment says nothing. A defect fails every time.
          retry: 2,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
