/** Reads the memory of one cgroup by name. */
import type { FoundCgroup } from '../../cgroup/find-cgroup.ts';
import { whileFrozen } from '../../cgroup/freeze.ts';
import { listProcesses } from '../../cgroup/subtree.ts';
import { KernelFileError, PermissionError, ToolError } from '../../errors.ts';
import type { PageScan } from '../../kernel/bpf/scan/scan-result.ts';
import { type KpageScan, scanKpages } from '../../kernel/procfs/kpage-scan.ts';
import { yieldToEventLoop } from '../../kernel/sleep.ts';
import { takeSteps } from '../../kernel/steps.ts';
import type { ChargedMemory, Explanation, MemoryNode, MissingTerm } from '../../model/explain/explanation.ts';
import { hideNames } from '../../model/explain/hide-names.ts';
import { type FilePaths, openFilePaths } from '../../sampler/explain/file-paths.ts';
import { type ProcessMemories, readProcessMemory } from '../../sampler/explain/process-memory.ts';
import { endingSignals } from '../../target/signals.ts';
import { tryStat } from '../../try-stat.ts';
import { adviseOnTree } from './advice.ts';
import { sumsOfCounters } from './from-counters.ts';
import { gatherBpf } from './gather-bpf.ts';
import { gatherHolders, gatherOtherMappers } from './gather-holders.ts';
import {
  cgroupIdsOf,
  type GatheredKernel,
  gatherKernel,
  ownCgroupId,
  ownScanParts,
} from './gather-kernel.ts';
import { type CgroupPages, chargedFiles, namePages } from './gather-pages.ts';
import { besideProcesses, missingTerms, processPart } from './gather-processes.ts';
import { gatherCandidates, gatherUsed } from './gather-used.ts';
import {
  maxNamed,
  movedBytes,
  type NamedObjects,
  PageTotals,
  readNames,
  restTerms,
  sumPages,
} from './page-totals.ts';
import { readCharged } from './read-charged.ts';
import {
  describeScan,
  openScanReaders,
  orToolError,
  type ScanHow,
  type ScanReaders,
  scanPages,
  untestedTerms,
  watched,
} from './scan-readers.ts';
import { buildTree } from './tree/build-tree.ts';

/** How to read it. */
export interface ExplainOptions extends ScanHow {
  /** Whether names of files, commands and users are in the result; true by default. */
  names?: boolean | undefined;
  /** Whether to name ten times as many files, for sums of them. */
  sumsFiles?: boolean | undefined;
  /** Whether to freeze the processes meanwhile. */
  freeze?: boolean | undefined;
  /** Whether to list files in use that other cgroups pay for. */
  used?: boolean | undefined;
  /** Whether to give advice on BPF maps; true by default. A run does so from many readings. */
  mapAdvice?: boolean | undefined;
}

/** What was read while the processes were frozen. */
interface Readings {
  before: ChargedMemory;
  after: ChargedMemory;
  pids: number[];
  /** The inode number of the directory. */
  id: bigint;
  /** That and those of the cgroups below. */
  cgroupIds: ReadonlySet<bigint>;
  /** Absent where BPF programs cannot be loaded. */
  readers: ScanReaders | undefined;
  /** Or why there is none. */
  scan: PageScan | ToolError;
  /** In place of the scan, where it can be read. */
  kinds: KpageScan | undefined;
  processes: ProcessMemories;
  kernel: GatheredKernel;
}

/**
 * Reads what a cgroup with its descendants is charged for. Without the rights or the kernel for a page scan,
 * the counters of the kernel are used instead, and `reason` has the cause.
 * @throws UsageError for `freeze` of a cgroup that is not ours; KernelFileError if the cgroup is gone.
 */
export async function explainCgroup(cgroup: FoundCgroup, options: ExplainOptions = {}): Promise<Explanation> {
  const readers = await orToolError(openScanReaders);
  const id = tryStat(cgroup.directory)?.ino;
  if (id === undefined) {
    throw new KernelFileError('open', cgroup.directory, `the cgroup ${cgroup.path} does not exist any more`);
  }
  const read = () => takeReadings(cgroup, id, readers, options);
  const { result, frozen } =
    options.freeze === true
      ? await whileFrozen(cgroup, read, endingSignals())
      : { result: await read(), frozen: false };
  const { scan } = result;
  try {
    return await assemble(cgroup, result, options, frozen);
  } finally {
    if (!(scan instanceof ToolError)) scan.close();
  }
}

async function takeReadings(
  cgroup: FoundCgroup,
  id: bigint,
  readers: ScanReaders | ToolError,
  options: ExplainOptions,
): Promise<Readings> {
  const pids = listProcesses(cgroup.directory);
  const cgroupIds = cgroupIdsOf(cgroup);
  const before = readCharged(cgroup);
  const scan =
    readers instanceof ToolError
      ? readers
      : await orToolError(() => scanPages(readers, { cgroupId: Number(id) }, options));
  const kinds = scan instanceof ToolError ? await tryKinds(cgroupIds, options) : undefined;
  const after = readCharged(cgroup);
  const processes = await takeSteps(readProcessMemory(pids), yieldToEventLoop);
  const usable = readers instanceof ToolError ? undefined : readers;
  const kernel = gatherKernel({ ...cgroup, cgroupIds }, processes, after, usable);
  return { before, after, pids, id, cgroupIds, readers: usable, scan, kinds, processes, kernel };
}

/** The kinds of pages from /proc; undefined without the rights or the files for it. */
async function tryKinds(
  cgroupIds: ReadonlySet<bigint>,
  { sample, ...how }: ExplainOptions,
): Promise<KpageScan | undefined> {
  if (sample !== undefined) return undefined;
  const ids = new Set(Array.from(cgroupIds, Number));
  const scan = await orToolError(() => scanKpages({ cgroupIds: ids, ...watched(how) }));
  return scan instanceof ToolError ? undefined : scan;
}

async function assemble(
  cgroup: FoundCgroup,
  readings: Readings,
  options: ExplainOptions,
  frozen: boolean,
): Promise<Explanation> {
  const { before, after, pids, id, cgroupIds, readers, scan, kinds, processes, kernel } = readings;
  const bpf = await gatherBpf(id, pids);
  const paths = openFilePaths(pids);
  const pages =
    scan instanceof ToolError
      ? await withoutScan(readings)
      : await pagesOf(scan, readings, paths, options.sumsFiles);
  const used = await usedFiles(readings, pages.named, options);
  const missing: MissingTerm[] = [
    ...missingTerms([...processes.missing, ...paths.missing]),
    ...pages.missing,
    ...lostTerms(scan),
    ...untestedTerms(readers),
    ...bpf.missing,
    ...kernel.missing,
    ...used.missing,
  ];
  const { stat } = after;
  const scanParts = scan instanceof ToolError ? [] : ownScanParts(scan, hasOwnCgroup(cgroupIds));
  const isEstimate = !(scan instanceof ToolError) && scan.estimate !== undefined;
  const tree = buildTree(
    { kind: 'cgroup', name: cgroup.path, path: cgroup.path },
    {
      ...pages.parts,
      current: isEstimate ? undefined : leastOf(before, after),
      moved: movedBytes(before, after, pages.parts.pages),
      processes: processes.processes.map(processPart),
      kernelParts: [...bpf.parts.pages, ...scanParts, ...kernel.pages],
      slabParts: bpf.parts.slab,
      percpu: stat.percpu,
      zswap: stat.zswap,
      sock: stat.sock,
      sockets: kernel.sockets,
    },
  );
  const beside = [...besideProcesses(processes), ...kernel.beside, ...bpf.beside, ...used.beside];
  const isNamed = options.names !== false;
  return {
    cgroup: isNamed ? cgroup.path : 'cgroup 1',
    method: !(scan instanceof ToolError) ? 'pages' : kinds === undefined ? 'counters' : 'page-kinds',
    ...reasonOf(scan),
    before,
    after,
    ...(frozen ? { frozen: true as const } : {}),
    ...(kinds === undefined ? {} : { scannedPages: kinds.scannedPages }),
    ...(scan instanceof ToolError ? {} : describeScan(scan, options)),
    tree: isNamed ? tree : hideNames(tree),
    beside: isNamed ? beside : beside.map(hideNames),
    missing,
    advice: isNamed ? adviseOnTree(tree, options.mapAdvice === false ? [] : bpf.advice) : [],
  };
}

async function usedFiles(
  { pids, processes }: Readings,
  named: NamedObjects | undefined,
  { used }: ExplainOptions,
): Promise<{ beside: MemoryNode[]; missing: MissingTerm[] }> {
  if (used !== true) return { beside: [], missing: [] };
  if (named !== undefined) return gatherUsed(pids, processes, chargedFiles(named), yieldToEventLoop);
  const reason = 'which cgroup is charged for a file is only known from a page scan';
  return { beside: [], missing: [{ term: 'files in use that other cgroups pay for', reason }] };
}

function hasOwnCgroup(cgroupIds: ReadonlySet<bigint>): boolean {
  const own = ownCgroupId();
  return own !== undefined && cgroupIds.has(own);
}

function lostTerms(scan: PageScan | ToolError): MissingTerm[] {
  if (scan instanceof ToolError || scan.lostBytes === 0) return [];
  const reason = `${Math.round(scan.lostBytes)} bytes found no row: there are too many cgroups`;
  return [{ term: 'part of the pages', reason }];
}

/** If the cgroup grew or shrank meanwhile, what was added or freed is not without a name. */
function leastOf(before: ChargedMemory, after: ChargedMemory): number | undefined {
  if (before.current === undefined || after.current === undefined) return after.current;
  return Math.min(before.current, after.current);
}

function reasonOf(scan: PageScan | ToolError): { reason?: string; hint?: string } {
  if (!(scan instanceof ToolError)) return {};
  const hint = scan.hint ?? (scan instanceof PermissionError ? 'run with sudo' : undefined);
  return { reason: scan.message, ...(hint === undefined ? {} : { hint }) };
}

/** The pages of a cgroup, and the largest files and slab caches among them. */
interface NamedPages {
  parts: CgroupPages;
  /** Undefined without a page scan. */
  named: NamedObjects | undefined;
  missing: MissingTerm[];
}

async function pagesOf(
  scan: PageScan,
  { processes, pids }: Pick<Readings, 'processes' | 'pids'>,
  paths: FilePaths,
  sumsFiles: boolean | undefined,
): Promise<NamedPages> {
  const totals = sumPages(scan);
  const named = readNames(scan, totals, maxNamed('cgroup', sumsFiles));
  const holders = await gatherHolders(named, processes, yieldToEventLoop);
  const others = await gatherOtherMappers(named, pids, yieldToEventLoop);
  return {
    parts: namePages(totals, named, { paths, holders, others }),
    named,
    missing: [...restTerms(totals.restBytes, scan), ...missingTerms([...holders.missing, ...others.missing])],
  };
}

/** Without a page scan: the kinds of pages, the counters of the kernel, and files that are in use. */
async function withoutScan({ after, kinds, pids, processes }: Readings): Promise<NamedPages> {
  const pages = sumsOfCounters(after);
  const totals = new PageTotals();
  for (const row of kinds?.rows ?? []) totals.add(row);
  // Slab pages have many owners, and are not among the kinds.
  for (const kind of ['anon', 'ksm', 'file', 'shmem', 'pageTables', 'swapCache', 'other'] as const) {
    if (kinds !== undefined)
      pages[kind] = Math.max(totals.sums[kind], kind === 'pageTables' ? pages[kind] : 0);
  }
  const missing: MissingTerm[] = [
    {
      term: 'names of slab caches, and of files that no process uses',
      reason: 'they are only known from a page scan',
    },
  ];
  const { files, missing: unread } = await gatherCandidates(pids, processes, pages.file, yieldToEventLoop);
  missing.push(...unread);
  return { parts: { pages, files, shmem: [], slabs: [] }, named: undefined, missing };
}
