import { cachedForKernel } from '../../files/kernel-cache.ts';
import { readPossibleCpus } from '../../possible-cpus.ts';
import { readKernelBtf } from '../btf/btf.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { isMapKernelFacts, type MapHost, readMapKernelFacts } from './map-struct-sizes.ts';
import { probeMapVariants } from './map-variants.ts';

// Increment whenever `MapKernelFacts` changes, which invalidates caches of the old format.
const factsVersion = 'v1';

/**
 * Properties of the running kernel and machine that the formulas need. Properties from BTF are cached;
 * variants that BTF does not reveal are detected with small probe maps each time, if `bpf` is given.
 * Source: /sys/kernel/btf/vmlinux, /sys/devices/system/cpu/possible, bpf(2)
 * @throws KernelFileError with `ENOENT` on kernels built without BTF.
 */
export function readMapHost(bpf: Bpf | undefined): MapHost {
  const facts = cachedForKernel('map-facts', factsVersion, isMapKernelFacts, () =>
    readMapKernelFacts(readKernelBtf()),
  );
  const host = { ...facts, possibleCpus: readPossibleCpus() };
  return bpf === undefined ? host : probeMapVariants(bpf, host);
}
