/**
 * Downloads what the guests and the tests of packages need and the cache lacks, all at once: `npm test` then
 * starts without waiting for a mirror.
 */
import { prepareDebian } from '../packages/bare-root.ts';
import { KERNEL_NAMES, prepareKernel } from './guest/kernels.ts';
import { prepareRootFileSystem } from './guest/systemd-guest.ts';

const results = await Promise.allSettled([
  ...KERNEL_NAMES.map(prepareKernel),
  prepareRootFileSystem(),
  prepareDebian(),
  prepareDebian(['nodejs']),
]);
for (const result of results) {
  if (result.status === 'rejected') {
    process.stderr.write(
      `prefetch: ${result.reason instanceof Error ? result.reason.message : result.reason}\n`,
    );
    process.exitCode = 1;
  }
}
