/** `cmemstat maps`: combines an inventory, related objects of its maps, and advice. */
import { existsSync, statSync } from 'node:fs';
import { CgroupPaths } from '../../cgroup/cgroup-paths.ts';
import { chooseMemoryHierarchy, readHierarchyFacts } from '../../cgroup/hierarchy.ts';
import { listProcesses } from '../../cgroup/subtree.ts';
import { ToolError, UsageError } from '../../errors.ts';
import { openBpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { collectPinned, type PinnedObjects } from '../../kernel/bpf/sys/pinned.ts';
import { adviseOnMaps, type BpfAdvice } from '../../model/bpf-advice.ts';
import type { BpfAttribution, InventorySnapshot } from '../../model/bpf-inventory.ts';
import { type BpfInventory, openBpfInventory } from '../../sampler/bpf/inventory.ts';
import type { MemlockSource } from '../../sampler/bpf/map-entries.ts';
import { type ListedMap, type MapFilter, matchesFilter } from './listing.ts';
import { MapPeaks } from './map-peaks.ts';

/** Which maps to read, and with which details. */
export interface MapsOptions {
  /** A directory of the memory hierarchy, or a path relative to its mount point. */
  cgroup: string | undefined;
  filter: MapFilter;
  memlock: MemlockSource;
  /** Whether to find holders. */
  holders: boolean;
  /** Whether to resolve cgroups. */
  paths: boolean;
  /** Whether to find pins. */
  pins: boolean;
  countArrays: boolean;
  advise: boolean;
  /** An option that requires the charge of each map, such as `--group-by cgroup`. */
  needsCharge: string | undefined;
  /** An option that requires reference counts, such as `--anonymous`. */
  needsReferences: string | undefined;
}

/** The maps of one read. */
export interface MapsReading {
  readonly attribution: BpfAttribution;
  /** Why it is not `memcg`, and how to make it so. */
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  /** The matching maps, in ascending order of ids. */
  readonly maps: readonly ListedMap[];
  /** Absent unless it was requested. */
  readonly advice: readonly BpfAdvice[] | undefined;
}

/** A repeatable listing of this host's maps. */
export interface MapsReader {
  /** @throws ToolError. */
  read(): MapsReading;
  close(): void;
}

/**
 * Opens the sources for the maps of this host, or of one cgroup.
 * @throws UsageError if a cgroup or process does not exist; ToolError that names the missing capability if
 * nothing can be read.
 */
export async function openMaps(options: MapsOptions): Promise<MapsReader> {
  const { pid } = options.filter;
  if (pid !== undefined && !existsSync(`/proc/${pid}`)) {
    throw new UsageError('--pid', `--pid ${pid}: no such process`);
  }
  const mountPoint = memoryMountPoint();
  const directory = options.cgroup === undefined ? undefined : await directoryOfTarget(options.cgroup);
  const inventory = await openBpfInventory({
    cgroupId: directory === undefined ? undefined : statSync(directory, { bigint: true }).ino,
    pids: directory === undefined ? undefined : () => listProcesses(directory),
    holders: options.holders,
    links: directory !== undefined,
    memlock: options.memlock,
    countArrays: options.countArrays,
  });
  try {
    requireMeans(inventory, options);
    const paths = options.paths && mountPoint !== undefined ? new CgroupPaths(mountPoint) : undefined;
    const bpf = options.pins ? await openBpf() : undefined;
    const peaks = new MapPeaks();
    return {
      read() {
        paths?.refresh();
        const pinned = bpf && collectPinned(bpf);
        const maps = listMaps(inventory.read(), paths, pinned).filter((map) =>
          matchesFilter(map, options.filter),
        );
        const { attribution, reason, hint, computeCost } = inventory;
        if (options.advise) peaks.add(maps);
        const advice = options.advise ? adviseOnMaps(peaks.of(maps), computeCost) : undefined;
        return { attribution, reason, hint, maps, advice };
      },
      close: () => inventory.close(),
    };
  } catch (error) {
    inventory.close();
    throw error;
  }
}

function requireMeans(inventory: BpfInventory, { needsCharge, needsReferences }: MapsOptions): void {
  const { attribution, reason = 'BPF maps cannot be read', hint } = inventory;
  if (attribution === 'none') throw new ToolError('BPF', reason, { hint });
  if (attribution === 'memcg') return;
  if (needsCharge !== undefined) throw new ToolError('BPF', `${needsCharge}: ${reason}`, { hint });
  if (needsReferences !== undefined && !inventory.countsReferences) {
    throw new ToolError('BPF', `${needsReferences}: ${reason}`, { hint });
  }
}

function memoryMountPoint(): string | undefined {
  const hierarchy = chooseMemoryHierarchy(readHierarchyFacts());
  return hierarchy.version === undefined ? undefined : hierarchy.mountPoint;
}

function listMaps(
  { maps, programs }: InventorySnapshot,
  paths: CgroupPaths | undefined,
  pinned: PinnedObjects | undefined,
): ListedMap[] {
  const users = new Map<number, { id: number; name: string }[]>();
  for (const { id, name, map_ids } of programs) {
    for (const mapId of new Set(map_ids)) {
      const known = users.get(mapId);
      if (known === undefined) users.set(mapId, [{ id, name }]);
      else known.push({ id, name });
    }
  }
  return maps.map((map) => ({
    ...map,
    cgroup: map.cgroupId === undefined ? undefined : paths?.find(map.cgroupId),
    pinned: pinned?.map.get(map.id) ?? [],
    programs: users.get(map.id) ?? [],
  }));
}

/** Only loaded for `--cgroup`. */
async function directoryOfTarget(target: string): Promise<string> {
  const { resolveTarget } = await import('../../cgroup/resolve/resolve-target.ts');
  return (await resolveTarget(target, '--cgroup')).directory;
}
