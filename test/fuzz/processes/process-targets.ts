/** All targets that start cmemstat. */
import { DESCRIPTORS_TARGET } from './descriptors-target.ts';
import { FULL_DISK_TARGET } from './full-disk-target.ts';
import { IO_FAULTS_TARGET } from './io-faults-target.ts';
import { KILL_TARGET } from './kill-target.ts';
import { NAMESPACES_TARGET } from './namespaces-target.ts';
import type { ProcessTarget } from './process-target.ts';
import { SIGNALS_TARGETS } from './signals-target.ts';

/** In the order in which they are listed. */
export const PROCESS_TARGETS: readonly ProcessTarget[] = [
  ...SIGNALS_TARGETS,
  KILL_TARGET,
  DESCRIPTORS_TARGET,
  NAMESPACES_TARGET,
  FULL_DISK_TARGET,
  IO_FAULTS_TARGET,
];
