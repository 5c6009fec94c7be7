/**
 * The document that `cmemstat maps --json` prints. Keys with an underscore are the kernel's own; keys without
 * a value are omitted.
 */
import type { BpfAdvice } from '../../model/bpf-advice.ts';
import type { BpfAttribution, ObjectHolderProcess } from '../../model/bpf-inventory.ts';
import type { ListedMap, MapListing } from './listing.ts';

/** A listing with the attribution method. */
export interface MapDocumentSource {
  readonly attribution: BpfAttribution;
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  readonly listing: MapListing;
  readonly advice: readonly BpfAdvice[] | undefined;
  /** Whether to include rows, or only the sum. */
  readonly totalOnly: boolean;
}

/** A map in the document. Sizes in bytes. */
interface DocumentMap {
  id: number;
  type: string;
  name?: string | undefined;
  /** Only if it differs from the full name. */
  kernelName?: string | undefined;
  key_size: number;
  value_size: number;
  max_entries: number;
  map_flags: number;
  /** In hexadecimal because it may be an address. */
  map_extra?: string | undefined;
  frozen?: boolean | undefined;
  btf_id?: number | undefined;
  owner_prog_type?: string | undefined;
  owner_jited?: boolean | undefined;
  refcnt?: number | undefined;
  usercnt?: number | undefined;
  anonymous?: boolean | undefined;
  elements?: number | undefined;
  backlogBytes?: number | undefined;
  memlock?: number | undefined;
  computedBytes?: number | undefined;
  bytes: number;
  source: ListedMap['source'];
  atLeast?: true | undefined;
  unchargedBytes: number;
  /** In decimal because it may exceed 2^53. */
  cgroupId?: string | undefined;
  cgroup?: string | undefined;
  orphaned?: true | undefined;
  pinned: readonly string[];
  programs: ListedMap['programs'];
  holders: readonly ObjectHolderProcess[];
}

/** Creates the document; undefined values are omitted. `maps` is an iterable, to be read once. */
export function toMapDocument(source: MapDocumentSource, cmemstat: string): Record<string, unknown> {
  const { attribution, reason, hint, listing, advice, totalOnly } = source;
  const { totals, maps, groups, others, hidden } = listing;
  const rows = totalOnly ? {} : { maps: maps && documentMaps(maps), groups, others, hidden };
  return { version: 1, cmemstat, attribution, reason, hint, totals, ...rows, advice };
}

/** One at a time: thousands that live at the same time keep the garbage collector busy. */
function* documentMaps(maps: readonly ListedMap[]): Generator<DocumentMap> {
  for (const map of maps) yield toDocumentMap(map);
}

function toDocumentMap(map: ListedMap): DocumentMap {
  const { name, kernelName, map_extra } = map;
  return {
    id: map.id,
    type: map.type,
    name: name || undefined,
    kernelName: kernelName === name ? undefined : kernelName,
    key_size: map.key_size,
    value_size: map.value_size,
    max_entries: map.max_entries,
    map_flags: map.map_flags,
    map_extra: map_extra === 0n ? undefined : `0x${map_extra.toString(16)}`,
    frozen: map.frozen,
    btf_id: map.btf_id || undefined,
    owner_prog_type: map.owner_prog_type,
    owner_jited: map.owner_jited,
    refcnt: map.refcnt,
    usercnt: map.usercnt,
    anonymous: map.anonymous,
    elements: map.elements,
    backlogBytes: map.backlogBytes,
    memlock: map.memlock,
    computedBytes: map.computedBytes,
    bytes: map.bytes,
    source: map.source,
    atLeast: map.atLeast,
    unchargedBytes: map.unchargedBytes,
    cgroupId: map.cgroupId?.toString(),
    cgroup: map.cgroup,
    orphaned: map.orphaned,
    pinned: map.pinned,
    programs: map.programs,
    holders: map.holders,
  };
}
