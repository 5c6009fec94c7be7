/** What a page scan needs of the host, checked before anything is loaded. */
import { PermissionError, type ToolError, UnsupportedError } from '../../../errors.ts';
import { type Lockdown, readLockdown } from '../../lockdown.ts';
import { type Capability, readEffectiveCapabilities } from '../../procfs/capabilities.ts';
import type { ScanObjects } from './scan-objects.ts';

/** The host; the defaults are this one. */
export interface ScanHost {
  capabilities?: ReadonlySet<Capability>;
  lockdown?: Lockdown | undefined;
}

/** The first release with `bpf_loop()`. */
export const SCAN_SINCE = '5.17';

/**
 * Why pages cannot be scanned here; undefined if they can, as far as that is known in advance.
 * @throws KernelFileError if the capabilities cannot be read.
 */
export function missingForScan(
  { hasLoop }: Pick<ScanObjects, 'hasLoop'>,
  { capabilities = readEffectiveCapabilities(), lockdown = readLockdown() }: ScanHost = {},
): ToolError | undefined {
  if (!hasLoop) {
    return new UnsupportedError('page scan', `the page scan requires Linux ${SCAN_SINCE}: bpf_loop()`, {
      since: SCAN_SINCE,
      hint: `boot Linux ${SCAN_SINCE} or later`,
    });
  }
  if (lockdown === 'confidentiality') {
    return new UnsupportedError(
      'page scan',
      'the kernel is locked down (confidentiality): BPF programs cannot read its memory',
      { hint: 'boot with lockdown=integrity' },
    );
  }
  if (!capabilities.has('CAP_SYS_ADMIN')) {
    return new PermissionError(
      'CAP_SYS_ADMIN',
      'cannot scan pages: requires CAP_SYS_ADMIN, since /proc/self/pagemap shows page frames only with it',
      { hint: 'run cmemstat with sudo, or the container with --cap-add=SYS_ADMIN' },
    );
  }
  return undefined;
}
