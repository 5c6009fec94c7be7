/**
 * A source that walks the ids of all objects: slower than iterators, and without owners.
 */
import type { Bpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { getMapInfo, listObjectIds, withObject } from '../../kernel/bpf/sys/objects.ts';
import { mapFdinfo, readFdinfo } from '../../kernel/procfs/fdinfo.ts';
import { listAllProcesses } from '../../kernel/procfs/process-tree.ts';
import { scanHolders } from './holders.ts';
import { type BpfSource, type SourceMap, walkLinks, walkPrograms } from './source.ts';

/**
 * A source that walks ids. Each map is queried once, when its id is first seen, so fields that may change
 * later are absent.
 *
 * Source: bpf(2), BPF_*_GET_NEXT_ID and BPF_OBJ_GET_INFO_BY_FD, and fdinfo. Since: Linux 4.13. Needs
 * CAP_SYS_ADMIN.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function openWalkSource(bpf: Bpf): BpfSource {
  let known = new Map<number, SourceMap>();
  const readMaps = (): SourceMap[] => {
    const before = known;
    known = new Map();
    for (const id of listObjectIds(bpf, 'map')) {
      const map = before.get(id) ?? readMap(bpf, id);
      if (map !== undefined) known.set(id, map);
    }
    return [...known.values()];
  };
  // Verifies permissions before anything relies on them.
  listObjectIds(bpf, 'map');
  return {
    countsReferences: false,
    readMaps,
    readAllMaps: readMaps,
    readPrograms: () => walkPrograms(bpf),
    readLinks: () => walkLinks(bpf),
    readHolders: () => scanHolders(listAllProcesses()),
    close: () => known.clear(),
  };
}

function readMap(bpf: Bpf, id: number): SourceMap | undefined {
  return withObject(bpf, 'map', id, (fd) => {
    const info = getMapInfo(bpf, fd);
    const fdinfo = mapFdinfo(readFdinfo(fd));
    return {
      ...info,
      map_extra: info.map_extra ?? 0n,
      btf_id: info.btf_id ?? 0,
      btf_key_type_id: info.btf_key_type_id ?? 0,
      btf_value_type_id: info.btf_value_type_id ?? 0,
      btf_vmlinux_value_type_id: info.btf_vmlinux_value_type_id ?? 0,
      frozen: fdinfo?.frozen ?? false,
      refcnt: undefined,
      usercnt: undefined,
      elements: undefined,
      backlogBytes: undefined,
      cgroupId: undefined,
      isOrphaned: false,
      chargeIdentity: 0n,
      fdinfo,
    };
  });
}
