/** Loads the types of an object, replacing kinds that the kernel does not support. */
import { SyscallError } from '../../../errors.ts';
import { encodeBtfLoad } from '../sys/bpf-attr.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { lateKindsOf, replaceKinds } from './late-kinds.ts';

/**
 * Loads types; returns their descriptor.
 *
 * Source: bpf(2), BPF_BTF_LOAD. Since: Linux 4.18. Needs CAP_BPF.
 * @throws SyscallError with the errno; KernelFileError if the types are damaged.
 */
export function loadObjectBtf(bpf: Bpf, btf: Buffer, name: string): number {
  let refusal: unknown;
  // A kernel that lacks one kind also lacks all later ones.
  const kinds = lateKindsOf(btf, name);
  for (let count = 0; count <= kinds.length; count++) {
    const bytes = count === 0 ? btf : replaceKinds(btf, name, kinds.slice(0, count));
    try {
      return bpf.call('BPF_BTF_LOAD', encodeBtfLoad(bpf.address(bytes), bytes.length), [bytes]);
    } catch (error) {
      if (!(error instanceof SyscallError) || error.errno !== 'EINVAL') throw error;
      refusal = error;
    }
  }
  throw refusal;
}
