import { errnoOf, UnsupportedError } from '../../../errors.ts';
import { type Btf, readKernelBtf } from './btf.ts';

/** Where the running kernel shows its types. Since: Linux 5.4, with CONFIG_DEBUG_INFO_BTF. */
export const KERNEL_BTF = '/sys/kernel/btf/vmlinux';

/**
 * The types of the running kernel.
 * Source: `/sys/kernel/btf/vmlinux`. Since: Linux 5.4, with CONFIG_DEBUG_INFO_BTF.
 * @throws UnsupportedError on a kernel without BTF; KernelFileError.
 */
export function requireKernelBtf(path: string): Btf {
  try {
    return readKernelBtf(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new UnsupportedError('kernel BTF', `this kernel has no ${path}`, {
      hint: 'use a kernel that is built with CONFIG_DEBUG_INFO_BTF=y',
      since: '5.4',
      cause: error,
    });
  }
}
