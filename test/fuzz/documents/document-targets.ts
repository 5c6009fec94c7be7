/** All targets that read documents. */

import { BTF_TARGET } from './btf-target.ts';
import { CGROUP_NAME_TARGET } from './cgroup-name-target.ts';
import { COMMAND_LINE_TARGET } from './command-line-target.ts';
import type { DocumentTarget } from './document-target.ts';
import { ELF_TARGET } from './elf-target.ts';
import { EXPRESSION_TARGET } from './expression-target.ts';
import { BASELINE_TARGET, BUDGET_FILE_TARGET, CACHE_TARGET, VERDICT_TARGET } from './json-targets.ts';
import { KERNEL_FILE_TARGET } from './kernel-file-target.ts';
import { RECORDING_TARGET } from './recording-target.ts';

/** In the order in which they run. */
export const DOCUMENT_TARGETS: readonly DocumentTarget[] = [
  ELF_TARGET,
  BTF_TARGET,
  RECORDING_TARGET,
  BASELINE_TARGET,
  VERDICT_TARGET,
  BUDGET_FILE_TARGET,
  CACHE_TARGET,
  COMMAND_LINE_TARGET,
  EXPRESSION_TARGET,
  CGROUP_NAME_TARGET,
  KERNEL_FILE_TARGET,
];
