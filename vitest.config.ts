import { defineConfig } from 'vitest/config';
import { isCi } from './test/ci.ts';

/**
 * Unit tests that compute or start programs for seconds: hundreds of synthetic series, megabytes of output.
 * CI runs them.
 */
const SLOW = ['test/unit/**/*.slow.test.ts'];

const TEMPORARY_FOLDER = 'test/temporary-folder.ts';

// The virtual machines, whose folders of sources are read-only, have a configuration of their own.
export default defineConfig({
  cacheDir: 'node_modules/.cmemstat-vitest',
  test: {
    // The default leaves one processor out: on two, a single worker takes 93 s where two take 73.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          globalSetup: TEMPORARY_FOLDER,
          exclude: SLOW,
          setupFiles: 'test/unit/setup.ts',
          // Starting a process and importing vitest and src for each file took three quarters of the time. So
          // a file must restore what it changes: process.env, the working directory, spies. No vi.mock here.
          isolate: false,
          // Statistics and property tests take a second or two, and ten times as long on a busy machine.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'unit-slow',
          include: SLOW,
          globalSetup: TEMPORARY_FOLDER,
          setupFiles: 'test/unit/setup.ts',
          isolate: false,
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: TEMPORARY_FOLDER,
          // The tests count leaves, file descriptors and processes of the whole host: one file after the
          // other.
          fileParallelism: false,
          // Real kernels and real clocks on a shared machine: one failure may be bad luck, two are a fault.
          retry: isCi() ? 1 : 0,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
