/**
 * The guests of each file of test/integration; README.md has the reasons. An unlisted file runs in each
 * kernel's guest.
 */
import type { KernelName } from './guest/kernels.ts';

/** What no other guest can run: it has neither systemd nor podman of the same release. */
const ONLY_SYSTEMD_FILES = ['systemd', 'attach-units', 'podman'] as const;

/** What depends on systemd; the rest is the same as in the guest with the same kernel. */
export const SYSTEMD_FILES: readonly string[] = [...ONLY_SYSTEMD_FILES, 'launch', 'lifecycle'];

/** As an ordinary user; podman runs rootless as well in the guest where tests are root. */
export const SYSTEMD_USER_FILES: readonly string[] = SYSTEMD_FILES.filter((name) => name !== 'podman');

/**
 * What does not depend on the kernel: terminals, files, and the processing of a run's figures. Only the host
 * runs these. In the other files `testWithoutKernel` marks such tests.
 */
export const HOST_FILES: readonly string[] =
  'screen* view* replay attach-faults code-cache descriptor-limits interruption budget-servers budget-files bad-input compare export exporter exporter-push deploy-rules reports gate-faults output-files io-faults action junit-schema html-report served-pages growth explain-owners explain-tools loaded-modules'.split(
    ' ',
  );

/** The processing of the figures and files of cgroup v2: one kernel, 6.12, is sufficient. */
export const ONE_KERNEL_FILES: readonly string[] = ['runs', 'elsewhere', 'stale-cgroups', 'attach', 'top'];

/** The processes of a run: read in the same way on every kernel. */
export const NEWEST_FILES: readonly string[] = ['details'];

/**
 * How a cgroup is entered, limited, evaluated and ended. What differs came before Linux 6.1 (cgroup.kill,
 * clone into a cgroup, exact memory.stat) or after 6.12. The guests with systemd have the kernel 6.12, too.
 */
export const LIFECYCLE_FILES: readonly string[] =
  'placement launch lifecycle budgets output watched-run'.split(' ');

/**
 * What is made of BPF maps. 6.1 and the newest kernel run these; in the guest of 6.12 the iterators, the
 * loader and the formulas of map memory, which they stand on, are tested.
 */
export const BPF_REPORT_FILES: readonly string[] = ['run-bpf', 'maps', 'elf-command', 'servers'];

/** The files that the guest of a kernel leaves out, besides those that none runs. */
const OMITTED: Readonly<Record<KernelName, readonly (readonly string[])[]>> = {
  '5.10': [ONE_KERNEL_FILES, NEWEST_FILES],
  '6.1': [ONE_KERNEL_FILES, NEWEST_FILES, LIFECYCLE_FILES],
  '6.12': [NEWEST_FILES, LIFECYCLE_FILES, BPF_REPORT_FILES],
  newest: [ONE_KERNEL_FILES],
};

/** The files that the guest of a kernel leaves out. */
export function omittedFiles(kernel: KernelName): readonly string[] {
  return [...HOST_FILES, ...ONLY_SYSTEMD_FILES, ...OMITTED[kernel].flat()];
}
