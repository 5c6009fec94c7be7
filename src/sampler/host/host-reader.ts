/** Reads the memory of all cgroups of this host, repeatedly: one pass over their files, and the BPF maps. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupPathsOfPids, type FoundCgroup } from '../../cgroup/find-cgroup.ts';
import { ToolError } from '../../errors.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { parseLimits } from '../../kernel/procfs/pid-limits.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import type { ComputeMapCost } from '../../model/bpf-advice.ts';
import {
  type AbsentFigure,
  type CgroupDetails,
  type FiguresOfCgroup,
  HOST_FIGURES,
  type HostCgroup,
  type HostFigure,
  type HostReading,
} from '../../model/host/host-cgroups.ts';
import { GrowthReadings, shownGrowth } from '../../statistics/trend.ts';
import { absentAs, setIfDefined } from '../figure-reader.ts';
import { CgroupFiles, OpenFiles } from './cgroup-files.ts';
import { type CgroupDirectory, CgroupTree } from './cgroup-tree.ts';
import { sumHeldElsewhere } from './held-elsewhere.ts';
import { type BpfByCgroup, HostBpf } from './host-bpf.ts';
import {
  currentOfRoot,
  type HostMemory,
  readHostMemory,
  totalsOf,
  unchargedMemory,
  usedSwap,
} from './host-memory.ts';
import { readDetails } from './read-details.ts';
import { countLines, FigureFiles, parsePressureBytes } from './read-figures.ts';
import { readRemovedCgroups } from './removed-cgroups.ts';

/** The number of files that stay open between two readings. */
const MAX_OPEN_FILES = 8192;
/** Of the descriptors that this process may have, this part is left to others. */
const LEFT_TO_OTHERS = 0.5;

/** Readings that are kept for the growth of a cgroup: a cgroup takes 2 KiB. */
const GROWTH_READINGS = 128;

/** What to read. */
export interface HostReaderOptions {
  /** The root of the hierarchy with the memory controller, or of the part of it that is mounted. */
  root: FoundCgroup;
  /** Whether there will be more than one reading. */
  repeats: boolean;
  /** Whether to read `processes`, `pressure` and `growth` of each cgroup; true by default. */
  activity?: boolean;
  /** Whether `heldElsewhere` will be called. */
  holders?: boolean;
}

/** An open host. */
export interface HostReader {
  /** @throws KernelFileError if the hierarchy, or a file of it, cannot be read. */
  read(): HostReading;
  /** Figures of a cgroup of the last reading; none if it is gone. @throws KernelFileError. */
  readDetails(cgroup: HostCgroup): CgroupDetails;
  /**
   * What the maps take that the processes of a cgroup and of those below it hold, and that are charged to
   * another one; of the last reading. Absent if that cannot be read. Unit: bytes.
   * @throws KernelFileError.
   */
  heldElsewhere(): ReadonlyMap<HostCgroup, number> | undefined;
  /**
   * Tries again to read BPF maps, if that was not possible so far: the reason may have been a passing one.
   * @throws only errors other than ToolError.
   */
  retryBpf(): Promise<void>;
  /** The kernel's formulas for maps, for advice. */
  readonly computeCost: ComputeMapCost;
  close(): void;
}

/**
 * Opens the cgroups of this host. Tests have their own BPF maps.
 * @throws an error with the errno if the hierarchy is not there.
 */
export async function openHostReader(
  options: HostReaderOptions,
  openBpf: () => Promise<BpfSource> = () => HostBpf.open(options.holders === true),
): Promise<HostReader> {
  const bpf = await openBpf();
  try {
    return new OpenHost(options, bpf, openBpf);
  } catch (error) {
    bpf.close();
    throw error;
  }
}

type BpfSource = Pick<HostBpf, 'absent' | 'read' | 'close'> &
  Partial<Pick<HostBpf, 'computeCost' | 'readHeldMaps'>>;

/** What is kept of one cgroup. */
interface Watched {
  files: CgroupFiles;
  growth: GrowthReadings | undefined;
}

/** A cgroup while the reading is made. */
interface Making extends HostCgroup {
  parent: Making | undefined;
  figures: FiguresOfCgroup;
}

class OpenHost implements HostReader {
  readonly #root: FoundCgroup;
  readonly #isWholeHost: boolean;
  readonly #repeats: boolean;
  readonly #withActivity: boolean;
  /** Of the last reading. */
  #directories = new Map<HostCgroup, CgroupDirectory>();
  #last: HostReading | undefined;
  readonly #tree: CgroupTree;
  readonly #open: OpenFiles;
  readonly #figures: FigureFiles;
  readonly #figuresOfRoot: FigureFiles;
  readonly #watched = new WeakMap<CgroupDirectory, Watched>();
  #bpf: BpfSource;
  readonly #openBpf: () => Promise<BpfSource>;
  #noBpf: { reason: string; hint: string | undefined } | undefined;
  #startMs: number | undefined;

  constructor(
    { root, repeats, activity = true }: HostReaderOptions,
    bpf: BpfSource,
    openBpf: () => Promise<BpfSource>,
  ) {
    this.#openBpf = openBpf;
    this.#root = root;
    this.#isWholeHost = isRootOfHost(root);
    this.#repeats = repeats;
    this.#withActivity = activity;
    this.#tree = new CgroupTree(root.directory);
    this.#open = new OpenFiles(repeats ? mostOpenFiles() : 0);
    this.#figures = new FigureFiles(root.version, activity);
    this.#figuresOfRoot = new FigureFiles(root.version, activity);
    this.#bpf = bpf;
    this.#noBpf = bpf.absent;
  }

  read(): HostReading {
    const nowMs = monotonicMs();
    this.#startMs ??= nowMs;
    const elapsedMs = nowMs - this.#startMs;
    const directories = this.#tree.refresh();
    const made = new Map<CgroupDirectory, Making>();
    this.#directories = new Map();
    const bpf = this.#readBpf();
    const host = this.#isWholeHost ? readHostMemory() : {};
    const root = this.#make(this.#tree.root, undefined, this.#readRoot(host) ?? {});
    made.set(this.#tree.root, root);
    const cgroups: [Making, ...Making[]] = [root];
    this.#countProcesses(this.#tree.root, root);
    for (const directory of directories) {
      if (directory.parent === undefined) continue;
      // Those of a directory that nothing is charged to are those of the one above.
      const above = made.get(directory.parent) ?? root;
      const figures = this.#readFigures(directory);
      const cgroup = figures === undefined ? above : this.#make(directory, above, figures);
      if (figures !== undefined) cgroups.push(cgroup);
      made.set(directory, cgroup);
      this.#countProcesses(directory, cgroup);
    }
    if (this.#withActivity) addUpProcesses(cgroups);
    if (bpf !== undefined) addBpf(cgroups, bpf, this.#isWholeHost);
    if (this.#repeats && this.#withActivity)
      for (const [directory, cgroup] of made) this.#addGrowth(directory, cgroup, elapsedMs);
    const uncharged = this.#isWholeHost
      ? unchargedMemory(
          host,
          root.figures.current,
          root.figures.kernel,
          this.#figuresOfRoot.stat,
          bpf?.unchargedBytes,
        )
      : undefined;
    this.#last = {
      version: this.#root.version,
      isWholeHost: this.#isWholeHost,
      cgroups,
      uncharged,
      absent: this.#absentIn(cgroups),
      totals: totalsOf(host),
      removedCgroups: this.#isWholeHost
        ? readRemovedCgroups(this.#root.version, this.#root.directory, directories.length)
        : undefined,
      maps: bpf?.maps,
      elapsedMs,
    };
    return this.#last;
  }

  readDetails(cgroup: HostCgroup): CgroupDetails {
    const directory = this.#directories.get(cgroup);
    if (directory === undefined || directory.isGone) return {};
    return readDetails(this.#filesOf(directory).files, this.#root.version);
  }

  heldElsewhere(): ReadonlyMap<HostCgroup, number> | undefined {
    const { maps, cgroups } = this.#last ?? {};
    if (maps === undefined || cgroups === undefined || this.#bpf.readHeldMaps === undefined) return undefined;
    return sumHeldElsewhere(this.#bpf.readHeldMaps(), maps, cgroups, cgroupPathsOfPids(this.#root));
  }

  async retryBpf(): Promise<void> {
    if (this.#bpf.absent === undefined) return;
    const bpf = await this.#openBpf();
    this.#bpf.close();
    this.#bpf = bpf;
  }

  get computeCost(): ComputeMapCost {
    return this.#bpf.computeCost ?? (() => undefined);
  }

  close(): void {
    this.#tree.close();
    this.#bpf.close();
  }

  #make(directory: CgroupDirectory, parent: Making | undefined, figures: FiguresOfCgroup): Making {
    const { id, path } = directory;
    const depth = parent === undefined ? 0 : parent.depth + 1;
    const shown = path === '/' ? this.#root.directory : this.#root.directory + path;
    const cgroup = { id, path, directory: shown, parent, depth, figures };
    this.#directories.set(cgroup, directory);
    return cgroup;
  }

  #filesOf(directory: CgroupDirectory): Watched {
    let watched = this.#watched.get(directory);
    if (watched === undefined) {
      watched = { files: new CgroupFiles(directory, this.#open), growth: undefined };
      this.#watched.set(directory, watched);
    }
    return watched;
  }

  #readFigures(directory: CgroupDirectory): FiguresOfCgroup | undefined {
    const watched = this.#filesOf(directory);
    const figures = this.#figures.read(watched.files);
    if (figures === undefined) {
      // The controller may be enabled later, and counts from 0 then.
      watched.files.reset();
      watched.growth = undefined;
    }
    return figures;
  }

  /** The root cgroup of a host has no sum; where it is that of a container it is read as all others. */
  #readRoot(host: HostMemory): FiguresOfCgroup | undefined {
    const { files } = this.#filesOf(this.#tree.root);
    const reader = this.#figuresOfRoot;
    if (!this.#isWholeHost) return reader.read(files);
    if (!reader.readStat(files)) return undefined;
    const figures = reader.figures();
    if (this.#root.version === 1) {
      setIfDefined(figures, 'kernel', reader.readKernelV1(files));
    } else {
      const pressure = absentAs(undefined, () => Buffer.from(readPseudoFile('/proc/pressure/memory')));
      setIfDefined(figures, 'pressure', parsePressureBytes(pressure));
    }
    setIfDefined(figures, 'current', currentOfRoot(figures, reader.stat));
    setIfDefined(figures, 'swap', usedSwap(host));
    return figures;
  }

  #countProcesses(directory: CgroupDirectory, cgroup: Making): void {
    if (!this.#withActivity) return;
    const { files } = this.#filesOf(directory);
    const list = this.#root.version === 1 ? files.readOnce('cgroup.procs') : files.read('cgroup.procs');
    const count = countLines(list);
    cgroup.figures.processes = (cgroup.figures.processes ?? 0) + (count ?? 0);
  }

  /** A right that is lost meanwhile is a reason, too; what fails once may succeed the next time. */
  #readBpf(): BpfByCgroup | undefined {
    this.#noBpf = this.#bpf.absent;
    if (this.#noBpf !== undefined) return undefined;
    try {
      return this.#bpf.read();
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      this.#noBpf = { reason: error.message, hint: error.hint };
      return undefined;
    }
  }

  #addGrowth(directory: CgroupDirectory, { id, figures }: Making, elapsedMs: number): void {
    if (figures.current === undefined || id !== directory.id) return;
    const watched = this.#filesOf(directory);
    watched.growth ??= new GrowthReadings(GROWTH_READINGS);
    watched.growth.add(elapsedMs, figures.current);
    const { growth } = watched;
    // Thousands of cgroups are evaluated only if they are looked at, and then once: more readings follow.
    let shown: { value: number | undefined } | undefined;
    Object.defineProperty(figures, 'growth', {
      get: () => {
        shown ??= { value: shownGrowth(growth.growth()) };
        return shown.value;
      },
      enumerable: true,
    });
  }

  /** Each figure that no cgroup below the root has, with the reason. */
  #absentIn(cgroups: readonly HostCgroup[]): AbsentFigure[] {
    const absent: AbsentFigure[] = [];
    const known = new Set<HostFigure>();
    for (const { figures } of cgroups.slice(0, 2)) {
      for (const figure of HOST_FIGURES) if (figure in figures) known.add(figure);
    }
    for (const figure of HOST_FIGURES) {
      if (known.has(figure) || (!this.#withActivity && IS_ACTIVITY.has(figure))) continue;
      if (cgroups.some(({ figures }) => figure in figures)) continue;
      absent.push({ figure, ...this.#whyAbsent(figure) });
    }
    if (!this.#isWholeHost) absent.push({ figure: 'uncharged', reason: NOT_OF_HOST });
    return absent;
  }

  #whyAbsent(figure: HostFigure): { reason: string; hint?: string } {
    if (figure === 'bpf' || figure === 'orphaned') {
      const { reason = 'BPF maps cannot be read', hint } = this.#noBpf ?? {};
      return { reason, ...(hint === undefined ? {} : { hint }) };
    }
    if (figure === 'growth') return { reason: 'a single reading shows no growth', hint: '--interval 1s' };
    const why = (this.#root.version === 1 ? WHY_V1 : WHY_V2)[figure];
    return { reason: why ?? 'the kernel does not have it' };
  }
}

const IS_ACTIVITY: ReadonlySet<string> = new Set(['processes', 'pressure', 'growth']);

const NOT_OF_HOST = 'the root of the visible hierarchy is not that of the host';

const WHY_V1: Partial<Record<HostFigure, string>> = {
  kernel: 'the kernel does not count kernel memory of cgroups',
  slab: 'cgroup v1 has no counter of it by cgroup',
  sock: 'cgroup v1 counts memory of TCP sockets only, and not in current',
  swap: 'the kernel does not count swap by cgroup (swapaccount=0)',
  pressure: 'cgroup v1 has no memory pressure by cgroup',
};

const WHY_V2: Partial<Record<HostFigure, string>> = {
  kernel: 'memory.stat has it since Linux 5.18',
  swap: 'the kernel does not count swap by cgroup',
  pressure: 'the kernel does not measure pressure (CONFIG_PSI, psi=1)',
};

/** Whether the root is that of the host, and not of a namespace or of a mount of a part. */
function isRootOfHost({ version, directory }: FoundCgroup): boolean {
  if (version === 2) return !existsSync(join(directory, 'cgroup.type'));
  return existsSync(join(directory, 'release_agent'));
}

function mostOpenFiles(): number {
  const path = '/proc/self/limits';
  const limit = parseLimits(readPseudoFile(path)).find(({ name }) => name === 'open files')?.soft;
  const most = limit === undefined || limit === 'unlimited' ? MAX_OPEN_FILES : Number(limit);
  return Math.min(MAX_OPEN_FILES, Math.floor(most * (1 - LEFT_TO_OTHERS)));
}

/** Adds those of each cgroup to those above it: the list has parents before children. */
function addUpProcesses(cgroups: readonly Making[]): void {
  for (const { parent, figures } of cgroups.toReversed()) {
    if (parent !== undefined) {
      parent.figures.processes = (parent.figures.processes ?? 0) + (figures.processes ?? 0);
    }
  }
}

/**
 * Adds maps to the cgroup that they are charged to and to those above it; unknown ones to the root of a host.
 * The root of a container is charged for none of them.
 */
function addBpf(
  cgroups: readonly [Making, ...Making[]],
  { byCgroup }: BpfByCgroup,
  isWholeHost: boolean,
): void {
  const rest = isWholeHost ? cgroups[0] : undefined;
  const byId = new Map<bigint | undefined, Making>();
  for (const cgroup of cgroups) {
    cgroup.figures.bpf = 0;
    cgroup.figures.orphaned = 0;
    cgroup.figures.bpfUncharged = 0;
    byId.set(cgroup.id, cgroup);
  }
  for (const [id, { charged, orphaned, uncharged }] of byCgroup) {
    for (let each: Making | undefined = byId.get(id) ?? rest; each !== undefined; each = each.parent) {
      each.figures.bpf = (each.figures.bpf ?? 0) + charged;
      each.figures.orphaned = (each.figures.orphaned ?? 0) + orphaned;
      each.figures.bpfUncharged = (each.figures.bpfUncharged ?? 0) + uncharged;
    }
  }
}
