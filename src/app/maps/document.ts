/**
 * What `cmemstat maps --json` prints: one document. Keys with an underscore are the kernel's own; without a
 * value they are left out.
 */
import type { BpfAdvice } from '../../model/bpf-advice.ts';
import type { BpfAttribution, ObjectHolderProcess } from '../../model/bpf-inventory.ts';
import type { ListedMap, MapListing } from './listing.ts';

/** A listing and how its owners were found. */
export interface MapDocumentSource {
  readonly attribution: BpfAttribution;
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  readonly listing: MapListing;
  readonly advice: readonly BpfAdvice[] | undefined;
  /** Whether the rows are wanted, or the sum alone. */
  readonly totalOnly: boolean;
}

/** One map of the document. Sizes in bytes. */
interface DocumentMap {
  id: number;
  type: string;
  name?: string;
  /** Where it is not the full name. */
  kernelName?: string;
  key_size: number;
  value_size: number;
  max_entries: number;
  map_flags: number;
  /** In hex: it may be an address. */
  map_extra?: string;
  frozen?: boolean;
  btf_id?: number;
  owner_prog_type?: string;
  owner_jited?: boolean;
  refcnt?: number;
  usercnt?: number;
  anonymous?: boolean;
  elements?: number;
  backlogBytes?: number;
  memlock?: number;
  computedBytes?: number;
  bytes: number;
  source: ListedMap['source'];
  unchargedBytes: number;
  /** In decimal: it may be above 2^53. */
  cgroupId?: string;
  cgroup?: string;
  pinned: readonly string[];
  programs: ListedMap['programs'];
  holders: readonly ObjectHolderProcess[];
}

/** The document; JSON.stringify leaves out what is undefined. */
export function toMapDocument(source: MapDocumentSource, cmemstat: string): object {
  const { attribution, reason, hint, listing, advice, totalOnly } = source;
  const { totals, maps, groups, others, hidden } = listing;
  const rows = totalOnly ? {} : { maps: maps?.map(toDocumentMap), groups, others, hidden };
  return { version: 1, cmemstat, attribution, reason, hint, totals, ...rows, advice };
}

function toDocumentMap(map: ListedMap): DocumentMap {
  const { id, type, name, kernelName, key_size, value_size, max_entries, map_flags, map_extra } = map;
  const { frozen, btf_id, owner_prog_type, owner_jited, refcnt, usercnt, anonymous } = map;
  const { elements, backlogBytes, memlock, computedBytes, bytes, source, unchargedBytes } = map;
  return {
    id,
    type,
    ...known({ name: name || undefined, kernelName: kernelName === name ? undefined : kernelName }),
    key_size,
    value_size,
    max_entries,
    map_flags,
    ...known({
      map_extra: map_extra === 0n ? undefined : `0x${map_extra.toString(16)}`,
      frozen,
      btf_id: btf_id || undefined,
      owner_prog_type,
      owner_jited,
      refcnt,
      usercnt,
      anonymous,
      elements,
      backlogBytes,
      memlock,
      computedBytes,
    }),
    bytes,
    source,
    unchargedBytes,
    ...known({ cgroupId: map.cgroupId?.toString(), cgroup: map.cgroup }),
    pinned: map.pinned,
    programs: map.programs,
    holders: map.holders,
  };
}

/** The fields that have a value. */
function known<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
