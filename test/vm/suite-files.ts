/**
 * The guests of each file of test/integration; README.md has the reasons. An unlisted file runs in each
 * kernel's guest.
 */
import type { KernelName } from './guest/kernels.ts';

/** What depends on systemd; the rest is the same as in the guest with the same kernel. */
export const SYSTEMD_FILES: readonly string[] = ['systemd', 'launch', 'lifecycle'];

/**
 * What does not depend on the kernel: terminals, files, and the processing of a run's figures. Only the host
 * runs these. In the other files `testWithoutKernel` marks such tests.
 */
export const HOST_FILES: readonly string[] =
  'screen* view* replay code-cache descriptor-limits interruption budget-servers budget-files bad-input compare reports gate-faults output-files io-faults action junit-schema growth'.split(
    ' ',
  );

/** The processing of the figures and files of cgroup v2: one kernel is sufficient. */
export const ONE_KERNEL_FILES: readonly string[] = ['runs', 'elsewhere', 'stale-cgroups'];

/** The kernel that runs {@link ONE_KERNEL_FILES}. */
export const THE_ONE_KERNEL: KernelName = '6.12';

/**
 * How a cgroup is entered, limited, judged and ended. What differs came before Linux 6.1 (cgroup.kill, clone
 * into a cgroup, exact memory.stat) or after it (memory.peak that can be reset).
 */
export const LIFECYCLE_FILES: readonly string[] =
  'placement launch lifecycle budgets output watched-run loaded-modules'.split(' ');

/** The kernels whose guests leave out {@link LIFECYCLE_FILES}. */
const WITHOUT_LIFECYCLE: ReadonlySet<KernelName> = new Set(['6.1']);

/** The files that the guest of a kernel leaves out. */
export function omittedFiles(kernel: KernelName): readonly string[] {
  return [
    ...HOST_FILES,
    'systemd',
    ...(kernel === THE_ONE_KERNEL ? [] : ONE_KERNEL_FILES),
    ...(WITHOUT_LIFECYCLE.has(kernel) ? LIFECYCLE_FILES : []),
  ];
}
