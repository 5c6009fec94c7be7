/** Which file of test/integration runs in which guest; the reasons are in README.md. A file that is in no list runs in each kernel's. */
import type { KernelName } from './guest/kernels.ts';

/** What differs where systemd runs the host; the rest is the same as in the guest with the same kernel. */
export const SYSTEMD_FILES: readonly string[] = ['systemd', 'launch', 'lifecycle'];

/**
 * What no kernel makes a difference to: terminals, files, and what is made of the figures of a run. Only the host runs
 * these. In the other files `testWithoutKernel` marks such tests.
 */
export const HOST_FILES: readonly string[] =
  'screen* view* replay code-cache budget-servers budget-files reports gate-faults action junit-schema growth'.split(
    ' ',
  );

/** What is made of the figures and files of cgroup v2: one kernel is enough. */
export const ONE_KERNEL_FILES: readonly string[] = ['compare', 'runs', 'elsewhere'];

/** The kernel that runs {@link ONE_KERNEL_FILES}. */
export const THE_ONE_KERNEL: KernelName = '6.12';
