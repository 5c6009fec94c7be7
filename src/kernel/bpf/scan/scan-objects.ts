/** Prepares the programs that name memory for the running kernel. */
import { type CacheSources, openKernelCache } from '../../files/kernel-cache.ts';
import { takeSteps } from '../../steps.ts';
import { areEncodedObjects, type EncodedObjects, PREPARATION_IDENTITY } from '../load/encoded-objects.ts';
import { decodePreparedObject, type PreparedObject } from '../load/prepared-object.ts';
import { SCAN_NAMES, type ScanObjectName } from '../programs/object-files.ts';

/** The programs that name memory, relocated for one kernel. */
export interface ScanObjects extends Readonly<Record<ScanObjectName, PreparedObject>> {
  /**
   * Whether the kernel has `bpf_loop()`, without which no program can go through pages. Since: Linux 5.17.
   */
  readonly hasLoop: boolean;
}

/** The cached form. */
interface EncodedScan {
  readonly hasLoop: boolean;
  readonly objects: EncodedObjects<ScanObjectName>;
}

/**
 * The programs that name memory for the running kernel: from the cache if it is valid, otherwise relocated in
 * short steps with a pause after each. The cache entry is not that of the iterators, which every run reads.
 *
 * Source: `/sys/kernel/btf/vmlinux`. Since: Linux 5.4, with CONFIG_DEBUG_INFO_BTF.
 * @throws UnsupportedError on a kernel without BTF; KernelFileError.
 */
export async function prepareScanObjects(
  pause: () => Promise<void> = async () => {},
  sources: CacheSources & { btfPath?: string } = {},
): Promise<ScanObjects> {
  const entry = openKernelCache('page-scan', PREPARATION_IDENTITY, isEncoded, sources);
  let encoded = entry.read();
  if (encoded === undefined) {
    encoded = await relocate(pause, sources.btfPath);
    entry.write(encoded);
  }
  const { hasLoop, objects } = encoded;
  const decoded = SCAN_NAMES.map((name) => [name, decodePreparedObject(objects[name])]);
  return { hasLoop, ...(Object.fromEntries(decoded) as Record<ScanObjectName, PreparedObject>) };
}

async function relocate(pause: () => Promise<void>, btfPath?: string): Promise<EncodedScan> {
  const { encodeForKernel } = await import('../load/encode-objects.ts');
  const { btf, objects } = await takeSteps(encodeForKernel(SCAN_NAMES, btfPath), pause);
  return { hasLoop: btf.findFunc('bpf_loop') !== undefined, objects };
}

function isEncoded(value: unknown): value is EncodedScan {
  const { hasLoop, objects } = (value ?? {}) as Partial<EncodedScan>;
  return typeof hasLoop === 'boolean' && areEncodedObjects(objects, SCAN_NAMES);
}
