import { defineConfig } from 'vitest/config';

// Vite must write nothing beside the sources: in the virtual machines the checkout is mounted read-only.
export default defineConfig({
  cacheDir: '/tmp/cmemstat-vitest',
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // Statistics and properties compute for a second or two, and for ten times as long on a busy machine.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // The tests count leaves, file descriptors and processes of the whole host: one file after the other.
          fileParallelism: false,
          // Real kernels and real clocks on a shared machine: once may be bad luck, twice is a fault.
          retry: process.env.CI === undefined ? 0 : 1,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
