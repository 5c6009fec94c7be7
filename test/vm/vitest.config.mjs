// The configuration of vitest in a virtual machine: runs the bundles of test/integration in one process.
// Node.js loads it directly: a TypeScript configuration would have to be transformed in the machine first.
export default {
  // The folders of the sources are read-only.
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
