/**
 * A repeatable listing of the BPF objects of this host, or of one cgroup, with the best source that our
 * capabilities allow.
 */
import { errnoOf, PermissionError, ToolError } from '../../errors.ts';
import { readMapHost } from '../../kernel/bpf/memory/map-host.ts';
import { computeMapMemory } from '../../kernel/bpf/memory/map-memory.ts';
import type { MapHost } from '../../kernel/bpf/memory/map-struct-sizes.ts';
import { countUsedElements, isArray } from '../../kernel/bpf/sys/array-usage.ts';
import { type Bpf, openBpf } from '../../kernel/bpf/sys/bpf-call.ts';
import {
  linkTypeName,
  type MapTypeName,
  mapTypeNumber,
  programTypeName,
} from '../../kernel/bpf/sys/bpf-enums.ts';
import { readMapFdinfo } from '../../kernel/bpf/sys/objects.ts';
import { isAtLeast, readKernelRelease } from '../../kernel/kernel-release.ts';
import { readPossibleCpus } from '../../kernel/possible-cpus.ts';
import type { HeldBpf } from '../../kernel/procfs/held-bpf.ts';
import type { ComputeMapCost } from '../../model/bpf-advice.ts';
import type {
  BpfAttribution,
  InventoryLink,
  InventoryProgram,
  InventorySnapshot,
  ProgramBelonging,
} from '../../model/bpf-inventory.ts';
import { type OpenedSource, openBestSource } from './best-source.ts';
import { belongingOf, heldBy, isLinkOf, mapsByHolder } from './cgroup-objects.ts';
import { type BpfHolders, holdersOf, scanHolders } from './holders.ts';
import { MapEntries, type MemlockSource } from './map-entries.ts';
import { ObjectNames } from './object-names.ts';
import {
  type BpfSource,
  type PreparedIterators,
  prepareIterators,
  type SourceLink,
  type SourceMap,
  type SourceProgram,
} from './source.ts';

/** The scope of an inventory. */
export interface InventoryOptions {
  /**
   * Restricts it to this cgroup and its descendants (the inode number of its directory): the maps that are
   * charged to it, the programs and links that its processes hold, and the programs that use those maps. With
   * `held`: the maps that its processes hold, directly or through a program or link.
   */
  cgroupId?: bigint | undefined;
  /**
   * Whether to find the holders of every object, among all processes. `on-request`: only what `readHeldMaps`
   * returns; `read` then has neither holders nor links.
   */
  holders: boolean | 'on-request';
  /** Whether to read links, which needs another iterator; true by default. Required for a cgroup. */
  links?: boolean | undefined;
  /**
   * The current processes of that cgroup. Without them only its maps and their programs are found, and
   * nothing with `held`. Without a cgroup: restricts it to what these processes hold.
   */
  pids?: (() => readonly number[]) | undefined;
  /** The objects that a process holds; read from /proc by default. */
  heldOf?: ((pid: number) => HeldBpf) | undefined;
  /** `when-needed` by default. */
  memlock?: MemlockSource | undefined;
  /**
   * Whether to read arrays and count their non-zero elements; needs CAP_SYS_ADMIN, and takes time for large
   * ones.
   */
  countArrays?: boolean | undefined;
}

/** An open inventory. */
export interface BpfInventory {
  readonly attribution: BpfAttribution;
  /** Why it is not `memcg`. */
  readonly reason: string | undefined;
  /** How to make it `memcg`; absent if that is impossible. */
  readonly hint: string | undefined;
  /** Whether maps have `refcnt`, `usercnt` and `anonymous`: the walk over ids does not report them. */
  readonly countsReferences: boolean;
  /** The kernel's formulas, for advice. Returns nothing if the kernel has no BTF. */
  readonly computeCost: ComputeMapCost;
  /**
   * Reads the current objects. An unchanged map is the same object as in the previous read.
   * @throws SyscallError, KernelFileError, PermissionError if a permission was lost meanwhile.
   */
  read(): InventorySnapshot;
  /**
   * The ids of the maps that each process holds, by pid: directly, or through a program or a link. Requires
   * holders.
   * @throws as `read`.
   */
  readHeldMaps(): ReadonlyMap<number, ReadonlySet<number>>;
  /** Closes all descriptors; may be called more than once. */
  close(): void;
}

/**
 * Opens an inventory: with BPF iterators (CAP_BPF and CAP_PERFMON), otherwise with a walk over ids
 * (CAP_SYS_ADMIN), otherwise one that is empty and reports the reason.
 * @throws only errors other than ToolError.
 */
export async function openBpfInventory(options: InventoryOptions): Promise<BpfInventory> {
  try {
    return bpfInventoryOver(await openBpf(), await prepareIterators(), options);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return emptyInventory(error);
  }
}

/**
 * An inventory with the given bpf(2), so that tests can substitute one.
 * @throws ToolError if no source can be opened.
 */
export function bpfInventoryOver(
  bpf: Bpf,
  prepared: PreparedIterators,
  options: InventoryOptions,
): BpfInventory {
  const opened = openBestSource(bpf, prepared, {
    cgroupId: options.cgroupId,
    holders: options.holders !== false,
    links: options.links,
  });
  try {
    return new OpenInventory(bpf, opened, options);
  } catch (error) {
    opened.source.close();
    throw error;
  }
}

function emptyInventory({ message: reason, hint }: ToolError): BpfInventory {
  return {
    attribution: 'none',
    reason,
    hint,
    countsReferences: false,
    computeCost: () => undefined,
    read: () => ({ maps: [], programs: [], links: [], heldElsewhere: [] }),
    readHeldMaps: () => new Map(),
    close: () => {},
  };
}

class OpenInventory implements BpfInventory {
  readonly attribution: 'memcg' | 'held';
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  readonly countsReferences: boolean;
  readonly computeCost: ComputeMapCost;
  readonly #bpf: Bpf;
  readonly #possibleCpus: number;
  readonly #source: BpfSource;
  readonly #options: InventoryOptions;
  readonly #names: ObjectNames;
  readonly #entries: MapEntries;
  readonly #pageSize: number;
  #mayRead = true;

  constructor(bpf: Bpf, { source, attribution, reason, hint }: OpenedSource, options: InventoryOptions) {
    this.attribution = attribution;
    this.reason = reason;
    this.hint = hint;
    this.countsReferences = source.countsReferences;
    this.#source = source;
    this.#options = options;
    this.#bpf = bpf;
    this.#names = new ObjectNames(bpf);
    const host = mapHostOrNone(bpf);
    this.#pageSize = host?.pageSize ?? 4096;
    this.#possibleCpus = host?.possibleCpus ?? readPossibleCpus();
    this.computeCost = costOn(host);
    this.#entries = new MapEntries({
      host,
      memlockIsExact: isMemlockExact(),
      memlock: options.memlock ?? 'when-needed',
      readFdinfo: (id) => readMapFdinfo(bpf, id),
      completeName: (name, btfId) => this.#names.complete('map', name, btfId),
    });
  }

  read(): InventorySnapshot {
    const { cgroupId, pids, holders: wanted } = this.#options;
    const holders = wanted === true ? this.#source.readHolders() : undefined;
    const isOfHost = cgroupId === undefined && pids === undefined;
    const snapshot = isOfHost ? this.#readHost(holders) : this.#readCgroup(holders);
    this.#names.endRead();
    return snapshot;
  }

  #readHost(holders: BpfHolders | undefined): InventorySnapshot {
    return {
      maps: this.#entries.update(this.#withArrays(this.#source.readMaps()), holders),
      programs: this.#source.readPrograms().map((program) => this.#toProgram(program, holders, undefined)),
      links:
        this.#options.links === false || this.#options.holders === 'on-request'
          ? []
          : this.#source.readLinks().map((link) => toLink(link, holders)),
      heldElsewhere: [],
    };
  }

  #readCgroup(holders: BpfHolders | undefined): InventorySnapshot {
    const pids = this.#options.pids?.() ?? [];
    const source = this.#source;
    const programs = source.readPrograms();
    const links = source.readLinks();
    // Unless the holders of all objects are requested, only the few processes of the cgroup are scanned.
    const ourHolders =
      holders ??
      scanHolders(
        pids.map((pid) => ({ pid, comm: '' })),
        this.#options.heldOf,
      );
    const held = heldBy(pids, ourHolders, programs, links);
    const isHeld = ({ id }: SourceMap) => held.maps.has(id);
    const charged = this.attribution === 'memcg' && this.#options.cgroupId !== undefined;
    const maps = charged ? source.readMaps() : source.readMaps().filter(isHeld);
    const mapIds = new Set(maps.map(({ id }) => id));
    const hasElsewhere = charged && [...held.maps].some((id) => !mapIds.has(id));
    const elsewhere = hasElsewhere
      ? source.readAllMaps().filter((map) => isHeld(map) && !mapIds.has(map.id))
      : [];
    const entries = this.#entries.update(this.#withArrays([...maps, ...elsewhere]), holders);
    const ours = programs.flatMap((program) => {
      const belongs = belongingOf(program, held, mapIds);
      return belongs === undefined ? [] : [this.#toProgram(program, holders, belongs)];
    });
    const programIds = new Set(ours.map(({ id }) => id));
    return {
      maps: entries.filter(({ id }) => mapIds.has(id)),
      programs: ours,
      links: links
        .filter((link) => isLinkOf(link, held, programIds, mapIds))
        .map((link) => toLink(link, holders)),
      heldElsewhere: entries.filter(({ id }) => !mapIds.has(id)),
      ...(holders === undefined && { cgroupHolders: ourHolders.map }),
    };
  }

  readHeldMaps(): ReadonlyMap<number, ReadonlySet<number>> {
    const source = this.#source;
    return mapsByHolder(source.readHolders(), source.readPrograms(), source.readLinks());
  }

  close(): void {
    this.#source.close();
    this.#entries.clear();
  }

  #withArrays(maps: readonly SourceMap[]): readonly SourceMap[] {
    if (this.#options.countArrays !== true) return maps;
    return maps.map((map) => {
      if (!this.#mayRead || !isArray(map.type)) return map;
      try {
        return { ...map, elements: countUsedElements(this.#bpf, map, this.#possibleCpus) };
      } catch (error) {
        if (!(error instanceof PermissionError)) throw error;
        this.#mayRead = false;
        return map;
      }
    });
  }

  #toProgram(
    program: SourceProgram,
    holders: BpfHolders | undefined,
    belongs: ProgramBelonging | undefined,
  ): InventoryProgram {
    const { id, pages = 0, functionPages = 0 } = program;
    const memlock = program.memlock ?? pages * this.#pageSize;
    return {
      id,
      type: programTypeName(program.type) ?? String(program.type),
      name: this.#names.complete('program', program.name, program.btf_id),
      tag: program.tag,
      memlock,
      bytes: memlock + functionPages * this.#pageSize,
      jited_prog_len: program.jited_prog_len,
      map_ids: program.map_ids,
      holders: holdersOf(holders, 'program', id),
      belongs,
    };
  }
}

function toLink(link: SourceLink, holders: BpfHolders | undefined): InventoryLink {
  return {
    id: link.id,
    type: linkTypeName(link.type) ?? String(link.type),
    prog_id: link.prog_id,
    map_id: link.map_id,
    holders: holdersOf(holders, 'link', link.id),
  };
}

/** The formulas of this kernel, by type name. */
function costOn(host: MapHost | undefined): ComputeMapCost {
  if (host === undefined) return () => undefined;
  return (shape, { liveElements, possibleCpus = host.possibleCpus }) =>
    computeMapMemory(
      { ...shape, map_type: mapTypeNumber(shape.type as MapTypeName) },
      { ...host, possibleCpus },
      liveElements,
    );
}

/** Kernel and machine properties for the formulas; absent if the kernel has no BTF. */
function mapHostOrNone(bpf: Bpf): MapHost | undefined {
  try {
    return readMapHost(bpf);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Without BTF, decided by the kernel release: `memlock` of a map is an estimate only from 5.11 to 6.3. */
function isMemlockExact(): boolean {
  const kernel = readKernelRelease();
  return kernel === undefined || isAtLeast(kernel, 6, 4) || !isAtLeast(kernel, 5, 11);
}
