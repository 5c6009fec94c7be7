/** The capabilities that the exporter keeps; all others are dropped before anything is read. */
import { UnsupportedError } from '../../errors.ts';
import { type KeptCapability, keepCapabilities } from '../../kernel/bpf/sys/drop-privileges.ts';
import { isAtLeast, readKernelRelease } from '../../kernel/kernel-release.ts';

/** BPF maps, their holders, and the names that runtimes keep for root. */
const ALWAYS: readonly KeptCapability[] = ['CAP_BPF', 'CAP_PERFMON', 'CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH'];

/** The pages of the host; before Linux 5.11, BPF objects by id, and the limit of locked memory. */
const AS_ADMINISTRATOR: readonly KeptCapability[] = ['CAP_SYS_ADMIN', 'CAP_SYS_RESOURCE'];

const FIRST_UNPRIVILEGED_PORT = 1024;

/** What the exporter does beyond reading figures. */
export interface PrivilegedUse {
  readonly scansPages: boolean;
  readonly port: number;
}

/**
 * Drops what is not needed, of what this process has.
 * @throws SyscallError.
 */
export async function keepPrivileges({ scansPages, port }: PrivilegedUse): Promise<void> {
  const kernel = readKernelRelease();
  const isOld = kernel !== undefined && !isAtLeast(kernel, 5, 11);
  const kept = [...ALWAYS];
  if (scansPages || isOld) kept.push(...AS_ADMINISTRATOR);
  if (port > 0 && port < FIRST_UNPRIVILEGED_PORT) kept.push('CAP_NET_BIND_SERVICE');
  try {
    await keepCapabilities(kept, { inherits: scansPages });
  } catch (error) {
    // Without koffi nothing is read that needs one.
    if (!(error instanceof UnsupportedError)) throw error;
  }
}
