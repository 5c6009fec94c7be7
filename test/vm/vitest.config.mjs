// How vitest runs in a virtual machine: the bundles that test/vm/bundles.ts makes of test/integration, in one process.
// Node loads this by itself: a configuration in TypeScript would have to be transformed in the machine first.
export default {
  // Nothing can be written beside the sources.
  cacheDir: '/tmp/cmemstat-vitest',
  test: {
    name: 'integration',
    dir: process.env.CMEMSTAT_TEST_BUNDLES,
    include: ['**/*.test.mjs'],
    // The bundles are below node_modules.
    exclude: [],
    isolate: false,
    fileParallelism: false,
    retry: 1,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
};
