/** Reads the memory of all cgroups of this host, repeatedly: one pass over their files, and the BPF maps. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupPathsOfPids, type FoundCgroup } from '../../cgroup/find-cgroup.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { parseLimits } from '../../kernel/procfs/pid-limits.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import type { ComputeMapCost } from '../../model/bpf-advice.ts';
import type {
  CgroupDetails,
  FiguresOfCgroup,
  HostCgroup,
  HostReading,
} from '../../model/host/host-cgroups.ts';
import { GrowthReadings, shownGrowth } from '../../statistics/trend.ts';
import { absentAs, setIfDefined } from '../figure-reader.ts';
import { absentFigures } from './absent-reasons.ts';
import { addBpf, addUpProcesses, type CgroupInProgress, raiseSizes } from './add-up.ts';
import { CgroupFiles, OpenFiles } from './cgroup-files.ts';
import { type CgroupDirectory, CgroupTree } from './cgroup-tree.ts';
import { sumHeldElsewhere } from './held-elsewhere.ts';
import { HostBpf } from './host-bpf.ts';
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
import { type BpfSource, ReadableBpf } from './readable-bpf.ts';
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
   * Tries again to read BPF maps, if that was not possible so far: the reason may have been temporary.
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
  const bpf = await ReadableBpf.open(openBpf);
  try {
    return new OpenHost(options, bpf);
  } catch (error) {
    bpf.close();
    throw error;
  }
}

/** What is kept of one cgroup. */
interface Watched {
  files: CgroupFiles;
  growth: GrowthReadings | undefined;
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
  readonly #bpf: ReadableBpf;
  #startMs: number | undefined;

  constructor({ root, repeats, activity = true }: HostReaderOptions, bpf: ReadableBpf) {
    this.#root = root;
    this.#isWholeHost = isRootOfHost(root);
    this.#repeats = repeats;
    this.#withActivity = activity;
    this.#tree = new CgroupTree(root.directory);
    this.#open = new OpenFiles(repeats ? mostOpenFiles() : 0);
    this.#figures = new FigureFiles(root.version, activity);
    this.#figuresOfRoot = new FigureFiles(root.version, activity);
    this.#bpf = bpf;
  }

  read(): HostReading {
    const nowMs = monotonicMs();
    this.#startMs ??= nowMs;
    const elapsedMs = nowMs - this.#startMs;
    const directories = this.#tree.refresh();
    const made = new Map<CgroupDirectory, CgroupInProgress>();
    this.#directories = new Map();
    const bpf = this.#bpf.read();
    const host = this.#isWholeHost ? readHostMemory() : {};
    const root = this.#make(this.#tree.root, undefined, this.#readRoot(host) ?? {});
    made.set(this.#tree.root, root);
    const cgroups: [CgroupInProgress, ...CgroupInProgress[]] = [root];
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
    raiseSizes(cgroups, this.#isWholeHost);
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
      absent: absentFigures(cgroups, {
        version: this.#root.version,
        isWholeHost: this.#isWholeHost,
        withActivity: this.#withActivity,
        noBpf: this.#bpf.absent,
      }),
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
    if (maps === undefined || cgroups === undefined) return undefined;
    const held = this.#bpf.readHeldMaps();
    return held && sumHeldElsewhere(held, maps, cgroups, cgroupPathsOfPids(this.#root));
  }

  retryBpf(): Promise<void> {
    return this.#bpf.retry();
  }

  get computeCost(): ComputeMapCost {
    return this.#bpf.computeCost;
  }

  close(): void {
    this.#tree.close();
    this.#bpf.close();
  }

  #make(
    directory: CgroupDirectory,
    parent: CgroupInProgress | undefined,
    figures: FiguresOfCgroup,
  ): CgroupInProgress {
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

  #countProcesses(directory: CgroupDirectory, cgroup: CgroupInProgress): void {
    if (!this.#withActivity) return;
    const { files } = this.#filesOf(directory);
    const list = this.#root.version === 1 ? files.readOnce('cgroup.procs') : files.read('cgroup.procs');
    const count = countLines(list);
    cgroup.figures.processes = (cgroup.figures.processes ?? 0) + (count ?? 0);
  }

  #addGrowth(directory: CgroupDirectory, { id, figures }: CgroupInProgress, elapsedMs: number): void {
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
}

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
