/** Detects formula variants that BTF does not reveal, using small probe maps. */
import { closeSync } from 'node:fs';
import { SyscallError } from '../../../errors.ts';
import { mapFdinfo, readFdinfo } from '../../procfs/fdinfo.ts';
import { encodeMapCreate, type MapSpec } from '../sys/bpf-attr.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { mapTypeNumber } from '../sys/bpf-enums.ts';
import { computeMapMemory } from './map-memory.ts';
import type { MapHost } from './map-struct-sizes.ts';

/**
 * Creates up to three maps of one entry, reads their memory usage from fdinfo, and selects the variants that
 * match. Without CAP_BPF, and before Linux 6.4 where `memlock` is only an estimate, the variants from BTF are
 * kept. All maps are closed on return.
 * @throws KernelFileError if fdinfo cannot be read.
 */
export function probeMapVariants(bpf: Bpf, host: MapHost): MapHost {
  if (host.memlockMeans !== 'usage') return host;
  const hash = { map_type: mapTypeNumber('hash'), key_size: 4, value_size: 4, max_entries: 1 };
  const counted = settle([true, false], measure(bpf, hash), (lockCountersInHash) =>
    bytesOf(hash, { ...host, lockCountersInHash }),
  );
  const known = { ...host, lockCountersInHash: counted ?? host.lockCountersInHash };

  const ofMaps = { ...hash, map_type: mapTypeNumber('hash_of_maps') };
  const spare = settle([true, false], measureWithInner(bpf, ofMaps), (spareElementsInHashOfMaps) =>
    bytesOf(ofMaps, { ...known, spareElementsInHashOfMaps }),
  );
  return { ...known, spareElementsInHashOfMaps: spare ?? known.spareElementsInHashOfMaps };
}

function settle<T>(
  variants: readonly T[],
  measured: number | undefined,
  compute: (variant: T) => number | undefined,
): T | undefined {
  return measured === undefined ? undefined : variants.find((variant) => compute(variant) === measured);
}

function bytesOf(spec: MapSpec, host: MapHost): number | undefined {
  return computeMapMemory(spec, host)?.bytes;
}

function measureWithInner(bpf: Bpf, spec: MapSpec): number | undefined {
  const inner = create(bpf, { map_type: mapTypeNumber('array'), key_size: 4, value_size: 4, max_entries: 1 });
  if (inner === undefined) return undefined;
  try {
    return measure(bpf, { ...spec, inner_map_fd: inner });
  } finally {
    closeSync(inner);
  }
}

function measure(bpf: Bpf, spec: MapSpec): number | undefined {
  const fd = create(bpf, spec);
  if (fd === undefined) return undefined;
  try {
    return mapFdinfo(readFdinfo(fd))?.memlock;
  } finally {
    closeSync(fd);
  }
}

function create(bpf: Bpf, spec: MapSpec): number | undefined {
  try {
    return bpf.call('BPF_MAP_CREATE', encodeMapCreate(spec));
  } catch (error) {
    // For any reason, the variant stays unknown; the figures are marked as not exact.
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}
